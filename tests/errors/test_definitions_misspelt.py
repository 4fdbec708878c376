"""A word that is no field, or no value of one: the nearest that is one is named."""

import pytest

from rounds.definitions import load_measure
from rounds.nouns import DefinitionError

GOOD = """\
name: seen
title: Seen
type: process
improvement_notation: increase
initial_population: {op: age, at: period_end, from_years: 18}
numerator: {op: exists, events: {domain: visit}}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "numerator:",
            "numerater:",
            "numerater: there is no such field. Did you mean numerator?",
        ),
        (
            "op: age",
            "op: agee",
            "initial_population: 'agee' is none of these. Did you mean age?",
        ),
        (
            "domain: visit",
            "domain: vist",
            "numerator.events.domain: 'vist' is none of these. Did you mean visit?",
        ),
        (
            "domain: visit",
            "domain: visit, windw: {}",
            "numerator.events.windw: there is no such field. Did you mean window?",
        ),
        (
            "at: period_end",
            "at: period_ende",
            "initial_population.at: 'period_ende' is none of these. Did you mean period_end?",
        ),
        ("op: exists, ", "", "numerator: say which with op: There are: all, any, not"),
        (
            "from_years: 18",
            "from_years: 18, zzz: 1",
            "There are: op, at, from_years, to_years",
        ),
        (
            "domain: visit",
            "domain: visit, window: {start: {at: {which: frst, events: {domain: visit}}}}",
            "numerator.events.window.start.at.which: 'frst' is none of these. Did you mean first?",
        ),
        (
            "domain: visit",
            "domain: visit, window: {start: {at: period_end}, end: {at: period_start}}",
            None,
        ),
        (
            "domain: visit",
            "domain: visit, window: {start: {at: period_end, days: 1}, end: {at: period_end}}",
            "numerator.events.window: the window ends before it starts; exchange the two",
        ),
        (
            "domain: visit",
            "domain: visit, window: {start: {at: 2025-03-01}, end: {at: 2025-02-01}}",
            "the window ends before it starts",
        ),
    ],
)
def test_the_nearest_right_word_is_named(tmp_path, old, new, said):
    path = tmp_path / "seen.yaml"
    path.write_text(GOOD.replace(old, new))
    if said is None:
        assert load_measure(path).name == "seen"
        return
    with pytest.raises(DefinitionError) as raised:
        load_measure(path)
    assert raised.value.code == "invalid-measure"
    assert said in raised.value.what


def test_every_field_that_is_wrong_is_said_at_once(tmp_path):
    path = tmp_path / "seen.yaml"
    path.write_text(
        GOOD.replace("type: process", "type: proces").replace("op: age", "op: ag")
    )
    with pytest.raises(DefinitionError, match="2 problem") as raised:
        load_measure(path)
    assert "Did you mean process?" in raised.value.what
    assert "Did you mean age?" in raised.value.what
