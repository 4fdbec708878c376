"""Ratios, medians, risk models, strata and several splits, as a result gives them."""

import pytest

from rounds.datamart.measures.running import run_measure
from rounds.nouns import DefinitionError
from stories import grammar
from stories.measures import YEAR, HandMade

VISITS = """
    person_id | visit_occurrence_id | visit_concept_id | visit_start_date | visit_end_date
    ----------+---------------------+------------------+------------------+---------------
            1 |                   1 | inpatient        | 2025-01-30       | 2025-02-03
            1 |                   2 | emergency        | 2025-02-10       | 2025-02-10
            1 |                   3 | emergency        | 2025-02-20       | 2025-02-20
            2 |                   4 | inpatient        | 2025-01-10       | 2025-01-20
            3 |                   5 | emergency        | 2025-05-01       | 2025-05-01
            4 |                   6 | inpatient        | 2025-12-30       |
"""
STAY = {"domain": "visit", "visit_classes": ["inpatient"]}
EMERGENCY = {"domain": "visit", "visit_classes": ["emergency"]}
STRATA = [
    {
        "name": "age-group",
        "strata": [
            {
                "label": "18 to 64",
                "when": {
                    "op": "age",
                    "at": "period_end",
                    "from_years": 18,
                    "to_years": 64,
                },
            },
            {
                "label": "65 and older",
                "when": {"op": "age", "at": "period_end", "from_years": 65},
            },
        ],
    }
]


def ran(text="{op: age, at: period_end, from_years: 0}", by=None, **fields):
    measure = grammar.measure(text, **fields)
    grammar.judged({"visit_occurrence": VISITS}, measure)
    rows = grammar.rows({"visit_occurrence": VISITS})
    return run_measure(HandMade(rows), measure, YEAR, by=by)


def test_a_ratio_is_one_total_over_another():
    """Emergency visits per day in hospital; who adds to one need not be in the other."""
    found = ran(
        scoring="ratio",
        denominator={"op": "exists", "events": STAY},
        denominator_observation={
            "pick": "sum",
            "events": {**STAY, "number": "length_days"},
            "otherwise": 0,
        },
        numerator={"op": "exists", "events": EMERGENCY},
        numerator_observation={"pick": "count", "events": EMERGENCY},
    )
    assert found.populations["denominator"] == 3
    assert found.populations["numerator"] == 2
    assert found.overall.numerator_total == 3
    assert found.overall.denominator_total == 14
    assert found.overall.value == pytest.approx(3 / 14)
    assert found.overall.lower < 3 / 14 < found.overall.upper
    assert found.scoring == "ratio"


def test_a_median():
    """The middle of the numbers; too few of them have no interval."""
    found = ran(
        scoring="continuous-variable",
        numerator=None,
        measure_observation={"op": "years", "at": {"at": "period_end"}},
        aggregate="median",
    )
    assert found.overall.value == (45 + 60) / 2
    assert found.overall.lower is None


def test_what_was_observed_over_what_was_expected():
    """The sum of what a model expects of those counted."""
    expected = {
        "op": "score",
        "link": "log",
        "terms": [{"coefficient": 0.5, "when": {"op": "sex", "of": "female"}}],
    }
    found = ran(
        numerator={"op": "exists", "events": EMERGENCY}, expected=expected, by="sex"
    )
    women = next(unit for unit in found.by if unit.unit == "F")
    assert women.numerator == 2
    assert women.expected == pytest.approx(2 * 2.718281828459045**0.5)
    assert women.observed_to_expected == pytest.approx(2 / women.expected)
    assert women.observed_to_expected_lower < 1 < women.observed_to_expected_upper
    assert found.overall.expected == pytest.approx(women.expected + 2)


def test_strata_are_units_in_the_order_written():
    """A subject is in the first stratum that holds; or in none, and that is said."""
    found = ran(stratifiers=STRATA, by="age-group")
    assert [(unit.unit, unit.denominator) for unit in found.by] == [
        ("18 to 64", 2),
        ("65 and older", 1),
        ("(in none of these)", 1),
    ]


def test_the_day_of_discharge_says_in_which_month_a_stay_counts():
    """`index_day: end` counts by the end; a stay that goes on is none yet."""
    inpatient = "{op: index_visit, classes: [inpatient]}"
    found = ran(
        inpatient,
        basis="visit",
        index="each",
        index_day="end",
        numerator={"op": "sex", "of": "female"},
        by="sex,month",
    )
    assert [(unit.unit, unit.denominator) for unit in found.by] == [
        ("F · 2025-02", 1),
        ("M · 2025-01", 1),
    ]


@pytest.mark.parametrize("by", ["age-groups", "sex,sex", "sex,ward", ""])
def test_what_it_cannot_be_split_by_is_said(by):
    with pytest.raises(DefinitionError, match="age-group") as raised:
        ran(stratifiers=STRATA, by=by)
    assert raised.value.code == "unknown-characteristic"


def test_a_time_until_an_event_is_a_ratio():
    """Events above, days until them below: a window's length for those without."""
    found = ran(
        scoring="ratio",
        numerator={"op": "exists", "events": EMERGENCY},
        denominator_observation={
            "op": "days_between",
            "start": {"at": "period_start"},
            "end": {"at": {"which": "first", "events": EMERGENCY}},
            "otherwise": 365,
        },
    )
    assert found.overall.numerator_total == 2
    # 10 February and 1 May, then those who had no emergency.
    without = found.populations["denominator"] - 2
    assert found.overall.denominator_total == 40 + 120 + 365 * without
