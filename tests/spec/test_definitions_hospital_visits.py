"""Readmissions and visits to the emergency department: what one example cannot show."""

import pytest

from rounds.definitions import builtin_examples, builtin_measures, tables_of
from rounds.definitions.example_patients import ExamplePatient, ExampleRow
from stories.measures import both_engines

MEASURES = builtin_measures()


def tables(measure, *patients):
    examples = builtin_examples()[measure.name]
    update = {"patients": patients, "shared": {}}
    return tables_of(examples.model_copy(update=update))


def somebody(name, *rows, born="1950-01-01"):
    return ExamplePatient(name=name, born=born, rows=rows, expect="denominator")


def stay(start, end, **more):
    return ExampleRow(visit="inpatient", start=start, end=end, **more)


def test_each_discharge_counts_and_a_readmission_may_be_an_index_itself():
    """Three stays, ten days apart: the first two are followed by a readmission."""
    measure = MEASURES["readmission-30-days"]
    rows = tables(
        measure,
        somebody(
            "three",
            stay("2025-03-01", "2025-03-05"),
            stay("2025-03-15", "2025-03-20"),
            stay("2025-03-30", "2025-04-02"),
        ),
    )
    result = both_engines(rows, measure)
    assert (result.overall.numerator, result.overall.denominator) == (2, 3)


def test_discharges_are_counted_by_their_age_on_admission():
    """The strata of readmission are those of the age on the day of admission."""
    measure = MEASURES["readmission-30-days"]
    one = stay("2025-03-01", "2025-03-05")
    rows = tables(
        measure,
        somebody("74", one, born="1950-03-02"),
        somebody("75", one, born="1950-03-01"),
        somebody("85", one, born="1940-03-01"),
    )
    result = both_engines(rows, measure, by="age-group")
    found = {unit.unit: unit.denominator for unit in result.by}
    assert found == {"65 to 74": 1, "75 to 84": 1, "85 and older": 1}


def test_three_visits_in_three_days_are_two_returns():
    """Each visit is an index: the first two are followed within 72 hours."""
    measure = MEASURES["emergency-return-72-hours"]
    visits = [
        ExampleRow(
            visit="emergency", start=f"2025-03-0{n}T08:00", end=f"2025-03-0{n}T12:00"
        )
        for n in (1, 2, 3)
    ]
    result = both_engines(tables(measure, somebody("often", *visits)), measure)
    assert (result.overall.numerator, result.overall.denominator) == (2, 3)


def test_use_of_ct_and_missed_appendicitis_balance_each_other():
    """Lower is better of both, so that neither is bettered by the other's loss."""
    for name in ("abdominal-ct-use", "missed-appendicitis"):
        assert MEASURES[name].improvement_notation == "decrease"


def test_a_patient_has_one_first_visit_for_appendicitis():
    """Two visits before the diagnosis are one patient, judged at the first."""
    measure = MEASURES["missed-appendicitis"]
    rows = [
        row
        for n in (1, 3)
        for row in (
            ExampleRow(visit="emergency", start=f"2025-03-0{n}", id=f"v{n}"),
            ExampleRow(condition="ICD10CM R10.31", start=f"2025-03-0{n}", of=f"v{n}"),
        )
    ]
    found = ExampleRow(condition="ICD10CM K35.80", start="2025-03-03", of="v3")
    result = both_engines(tables(measure, somebody("twice", *rows, found)), measure)
    assert (result.overall.numerator, result.overall.denominator) == (1, 1)


@pytest.mark.parametrize("quantities", [(10, 12, 30)])
def test_the_opioid_quantity_is_a_median(quantities):
    """Of 75, 90 and 225 morphine milligram equivalents the median is 90."""
    measure = MEASURES["opioid-quantity-at-discharge"]
    patients = [
        somebody(
            f"{quantity} tablets",
            ExampleRow(visit="emergency", start="2025-03-01", id="here"),
            ExampleRow(
                drug="RxNorm 1049221", start="2025-03-01", quantity=quantity, of="here"
            ),
        )
        for quantity in quantities
    ]
    result = both_engines(tables(measure, *patients), measure)
    assert result.overall.value == pytest.approx(90)


def test_the_tablets_counted_are_those_with_a_known_strength():
    """Each opioid tablet has one equivalent in morphine, and none is left without."""
    sets = {
        one.name: one for one in MEASURES["opioid-quantity-at-discharge"].concept_sets
    }
    by_strength = [
        code.code
        for name, one in sets.items()
        if name.startswith("opioids-of-")
        for code in one.include
    ]
    assert sorted(by_strength) == sorted(c.code for c in sets["opioid-tablets"].include)
    assert len(set(by_strength)) == len(by_strength)
