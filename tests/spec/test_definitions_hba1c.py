"""HbA1c poor control, after CMS122v14: what no single example patient shows."""

import pytest

from rounds.definitions import builtin_examples, builtin_measures, tables_of
from rounds.definitions.example_checks import found_of
from stories.measures import both_engines

MEASURE = builtin_measures()["hba1c-poor-control"]
EXAMPLES = builtin_examples()[MEASURE.name]


def of(*names):
    kept = tuple(one for one in EXAMPLES.patients if one.name in names)
    assert len(kept) == len(names)
    return EXAMPLES.model_copy(update={"patients": kept})


def test_without_its_addition_the_glucose_management_indicator_does_not_count():
    """CMS122 names that code beside its value set; switched off, HbA1c alone counts."""
    one = of("A glucose management indicator of 7.5%")
    strict = MEASURE.switched("glucose-management-indicator", enabled=False)
    assert [*found_of(MEASURE, one)[0].values()] == ["denominator"]
    assert [*found_of(strict, one)[0].values()] == ["numerator"]


def test_a_higher_rate_is_worse():
    """The numerator is poor control, a missing result too: two of three here."""
    rows = tables_of(of("Exactly 9%", "9.1%", "Never measured"))
    result = both_engines(rows, MEASURE)
    assert result.populations["numerator"] == 2
    assert result.overall.value == pytest.approx(2 / 3)
    assert MEASURE.improvement_notation == "decrease"
