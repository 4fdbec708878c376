"""Colorectal and breast cancer screening, after CMS130v14 and CMS125v14.

Their example patients say each clause; here is what no single patient shows.
"""

import datetime as dt

from rounds.definitions import builtin_examples, builtin_measures, tables_of
from rounds.nouns import Period
from stories.measures import both_engines

COLORECTAL = builtin_measures()["colorectal-cancer-screening"]
BREAST = builtin_measures()["breast-cancer-screening"]


def chosen(measure, *names):
    """The examples of these names alone, as tables."""
    examples = builtin_examples()[measure.name]
    kept = tuple(one for one in examples.patients if one.name in names)
    assert len(kept) == len(names)
    return tables_of(examples.model_copy(update={"patients": kept}))


def test_both_rates_of_cms130_are_strata_of_one_measure():
    """46 to 49 and 50 to 75 are counted apart, and together."""
    rows = chosen(
        COLORECTAL,
        "46 on the period's last day",
        "75 on the period's last day",
        "Never screened",
    )
    result = both_engines(rows, COLORECTAL, by="age-group")
    found = {one.unit: (one.numerator, one.denominator) for one in result.by}
    assert found == {"46 to 49": (1, 1), "50 to 75": (1, 2)}
    assert (result.overall.numerator, result.overall.denominator) == (2, 3)


def test_a_mammogram_as_a_procedure_is_an_addition():
    """CMS125 counts results by LOINC; without its addition so does this measure."""
    rows = chosen(
        BREAST,
        "A mammogram as a procedure",
        "A mammogram on 1 October two years before",
        "No mammogram",
    )
    strict = BREAST.switched("mammography-procedures", enabled=False)
    assert both_engines(rows, BREAST).populations["numerator"] == 2
    assert both_engines(rows, strict).populations["numerator"] == 1


def test_the_27_months_move_with_the_period():
    """They are the period and 15 months before it, on whichever day it begins."""
    rows = chosen(BREAST, "No mammogram", "A mammogram on 1 October two years before")
    later = Period(start=dt.date(2025, 1, 2), end=dt.date(2025, 12, 31))
    assert both_engines(rows, BREAST, period=later).populations["numerator"] == 0
    earlier = Period(start=dt.date(2025, 1, 1), end=dt.date(2025, 12, 31))
    assert both_engines(rows, BREAST, period=earlier).populations["numerator"] == 1
