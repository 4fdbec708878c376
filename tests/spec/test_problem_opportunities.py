"""The list of opportunities says what is to be gained, and of whom it cannot tell."""

import re
from pathlib import Path

import pytest

from rounds.definitions import builtin_measures
from rounds.ledger.disclosure import safe
from rounds.loop import problem
from rounds.loop.problem.stakes import Stakes
from rounds.nouns import DefinitionError, Measure
from rounds.nouns.criteria import All, Sex
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

ALL = builtin_measures()["blood-pressure-control"]
WOMEN = Measure.model_validate(
    ALL.model_dump()
    | {
        "name": "women-control",
        "title": "Control of women's blood pressure",
        "initial_population": All(
            op="all", of=(ALL.initial_population, Sex(op="sex", of="female"))
        ),
    }
)
RARE = builtin_measures()["hba1c-poor-control"]
SURE = {"source": "the board's judgement"}


def stakes(**health):
    return Stakes.model_validate(
        {
            "perspective": "the health system",
            "currency": "EUR",
            "worth": 50_000,
            "stakes": [
                {
                    "measure": name.replace("_", "-"),
                    "health": {"value": h, "lower": h, "upper": h, **SURE},
                    "cost": {"value": 500, "lower": 500, "upper": 500, **SURE},
                    "changeable": {"value": 0.5, "lower": 0.5, "upper": 0.5, **SURE},
                }
                for name, h in health.items()
            ],
        }
    )


@pytest.fixture(scope="module")
def mart():
    return clinics(seed=3)


@pytest.fixture(scope="module")
def found(mart):
    return problem.list_opportunities([WOMEN, ALL, RARE], mart, PERIOD)


def whole(found):
    return [line for line in found.lines if line.unit is None]


def test_measures_are_ranked_by_patients_where_nobody_says_what_is_at_stake(found):
    """All are more than the women among them."""
    first, second = whole(found)
    assert (first.measure, second.measure) == (ALL.ref(), WOMEN.ref())
    assert (first.rank, second.rank) == (1, 2)
    assert first.patients.value > second.patients.value > 0
    assert first.benefit is None
    assert found.ranked_by == "patients"
    assert any("nobody has said what is at stake" in each for each in found.limitations)


def test_the_whole_line_is_the_problems_gap_to_best(found, mart):
    """The same patients, from draws of the same posterior."""
    said = problem.run(
        ALL, mart, name="x", title="x", period=PERIOD, owner="x",
        aim=AIM, community=COMMUNITY,
    ).gap_to_best  # fmt: skip
    (line,) = (line for line in whole(found) if line.measure == ALL.ref())
    assert line.patients.n == said.n == line.denominator
    assert line.patients.value == pytest.approx(said.value, rel=0.1)


def test_every_site_has_a_line_and_they_share_out_the_whole(found):
    sites = [line for line in found.lines if line.unit and line.measure == ALL.ref()]
    (line,) = (line for line in whole(found) if line.measure == ALL.ref())
    assert len(sites) == 40
    assert sum(site.denominator for site in sites) == line.denominator
    assert sum(site.numerator for site in sites) == line.numerator
    ranked = [line.rank for line in found.lines if line.unit]
    assert ranked == sorted(ranked)
    assert all(line.rank_lower <= line.rank <= line.rank_upper for line in sites)
    # The lowest site has more to gain than the highest.
    rate = {site.unit: site.numerator / site.denominator for site in sites}
    gain = {site.unit: site.patients.value for site in sites}
    assert gain[min(rate, key=rate.get)] > gain[max(rate, key=rate.get)]


def test_of_what_cannot_be_told_the_reason_is_given(found):
    (untold,) = found.untold
    assert untold.measure == RARE.ref()
    assert "Haemoglobin A1c" in untold.reason
    assert not [line for line in found.lines if line.measure == RARE.ref()]


def test_what_is_at_stake_decides_the_order(mart):
    """Half the gap, times health less cost over worth: 0.01 of each 500 at 50,000."""
    weighed = stakes(women_control=0.21, blood_pressure_control=0.02)
    listed = problem.list_opportunities([ALL, WOMEN], mart, PERIOD, stakes=weighed)
    first, second = whole(listed)
    assert first.measure == WOMEN.ref()
    assert first.benefit.value == pytest.approx(first.patients.value * 0.5 * 0.2)
    assert second.benefit.value == pytest.approx(second.patients.value * 0.5 * 0.01)
    assert listed.ranked_by == "net_health_benefit"
    assert (listed.perspective, listed.currency) == ("the health system", "EUR")


def test_a_cost_above_what_the_health_is_worth_is_a_loss(mart):
    listed = problem.list_opportunities(
        [ALL], mart, PERIOD, stakes=stakes(blood_pressure_control=0.001)
    )
    assert whole(listed)[0].benefit.upper < 0


def test_a_measure_that_nobody_weighed_is_shown_and_not_ranked(mart):
    listed = problem.list_opportunities(
        [ALL, WOMEN], mart, PERIOD, stakes=stakes(women_control=0.2)
    )
    first, second = whole(listed)
    assert (first.measure, first.rank) == (WOMEN.ref(), 1)
    assert (second.measure, second.rank, second.benefit) == (ALL.ref(), None, None)
    (untold,) = listed.untold
    assert untold.measure == ALL.ref()


def test_stakes_of_no_measure_are_refused(mart):
    with pytest.raises(DefinitionError) as caught:
        problem.list_opportunities([ALL], mart, PERIOD, stakes=stakes(all_women=0.1))
    assert caught.value.code == "stakes-of-no-measure"


@pytest.mark.parametrize(
    ("field", "limits"),
    [
        ("health", {"value": 0.1, "lower": 0.0, "upper": 0.2}),
        ("changeable", {"value": 0.5, "lower": 0.1, "upper": 1.0}),
        ("cost", {"value": 5, "lower": 6, "upper": 7}),
    ],
)
def test_impossible_stakes_do_not_exist(field, limits):
    given = stakes(women_control=0.2).model_dump(mode="json")
    given["stakes"][0][field] = limits | SURE
    with pytest.raises(ValueError, match=field):
        Stakes.model_validate(given)


def test_a_list_leaves_without_small_sites(mart):
    """Sites of 24: some have 1 to 10 uncontrolled; nothing of them is told."""
    small = clinics(seed=4, n_clinics=30, size=24, spread=1.2)
    exact = problem.list_opportunities([ALL], small, PERIOD)
    shown = safe(exact)
    counts = {line.unit: (line.denominator, line.numerator) for line in exact.lines}
    hidden = [line for line in shown.lines if line.suppressed]
    assert hidden
    for line in hidden:
        assert line.model_dump(exclude={"measure", "unit", "suppressed"}) == dict.fromkeys(
            ("denominator", "numerator", "patients", "benefit", "rank", "rank_lower",
             "rank_upper")
        )  # fmt: skip
    for line in shown.lines:
        n, x = counts[line.unit]
        if 1 <= min(n, x) <= 10 or 1 <= n - x <= 10:
            assert line.suppressed
    assert safe(shown) == shown
    assert len(hidden) != 1  # one alone would be the total less the others


def test_a_bad_file_of_stakes_names_the_page_that_shows_a_good_one():
    with pytest.raises(DefinitionError) as caught:
        Stakes.from_yaml("perspective: mine\n")
    (page,) = re.findall(r"\S+\.md", caught.value.remedies[0])
    assert "stakes.yaml" in (Path(__file__).parents[2] / page).read_text("utf-8")
