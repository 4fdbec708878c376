"""Statin therapy, after CMS347v8: what no single example patient shows."""

from rounds.definitions import builtin_examples, builtin_measures
from rounds.definitions.example_patients import ExamplePatient, ExampleRow
from rounds.definitions.example_tables import tables_of
from stories.measures import both_engines

MEASURE = builtin_measures()["statin-therapy"]
EXAMPLES = builtin_examples()[MEASURE.name]
SEEN = ExampleRow(visit="outpatient", start="2025-03-01")
RISKS = {
    "atherosclerosis": {"condition": "ICD10CM I70.0"},
    "ldl": {"measurement": "LOINC 2089-1", "value": 200, "unit": "mg/dL"},
    "diabetes": {"condition": "ICD10CM E11.9"},
    "risk": {"measurement": "LOINC 99055-6", "value": 30, "unit": "%"},
}


def patient(*risks):
    rows = [ExampleRow(start="2025-03-01", **RISKS[one]) for one in risks]
    return ExamplePatient(
        name=" and ".join(risks),
        born="1970-01-01",
        rows=(SEEN, *rows),
        expect="denominator",
    )


def test_a_patient_is_in_the_first_population_alone():
    """Whoever has cardiovascular disease is in no later population of CMS347."""
    patients = (
        patient("atherosclerosis", "ldl", "diabetes", "risk"),
        patient("ldl", "diabetes", "risk"),
        patient("diabetes", "risk"),
        patient("risk"),
    )
    treated = patient("atherosclerosis").rows
    statin = ExampleRow(drug="RxNorm 617311", start="2025-03-01")
    patients += (
        patients[0].model_copy(update={"name": "treated", "rows": (*treated, statin)}),
    )
    rows = tables_of(EXAMPLES.model_copy(update={"patients": patients, "shared": {}}))
    result = both_engines(rows, MEASURE, by="population")
    assert {one.unit: one.denominator for one in result.by} == {
        "Atherosclerotic cardiovascular disease": 2,
        "LDL of 190 mg/dL or more, or familial hypercholesterolaemia": 1,
        "Diabetes": 1,
        "A ten-year risk of 20% or more": 1,
    }
    assert result.overall.denominator == 5
    assert result.overall.numerator == 1
