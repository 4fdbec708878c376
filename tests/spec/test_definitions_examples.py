"""Example patients travel with each shipped measure, on either side of each clause."""

import pytest

from rounds.definitions import (
    builtin_examples,
    builtin_measures,
    tables_of,
    unexpected,
)
from rounds.definitions.example_checks import found_of
from stories.example_patients import mutants
from stories.measures import both_engines

MEASURES = builtin_measures()
EXAMPLES = builtin_examples()
KNOWN = (
    "abdominal-ct-use",
    "blood-pressure-control",
    "breast-cancer-screening",
    "colorectal-cancer-screening",
    "emergency-return-72-hours",
    "hba1c-poor-control",
    "missed-appendicitis",
    "opioid-quantity-at-discharge",
    "readmission-30-days",
    "statin-therapy",
)


def test_ten_measures_that_people_know_have_example_patients():
    """Each of the ten measures has its examples, and none is of another measure."""
    assert set(EXAMPLES) == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_a_measure_puts_its_example_patients_where_they_were_expected(name):
    """The reference engine puts every patient where the specification's text does."""
    assert unexpected(MEASURES[name], EXAMPLES[name]) == []


@pytest.mark.parametrize("name", KNOWN)
def test_the_database_counts_the_example_patients_as_the_reference_does(name):
    """DuckDB counts each population of the examples as the reference engine does."""
    examples = EXAMPLES[name]
    result = both_engines(tables_of(examples), MEASURES[name], examples.period)
    words = [w for found in found_of(MEASURES[name], examples) for w in found.values()]
    assert result.populations["initial_population"] == len(words)
    excluded = words.count("denominator_exclusion")
    assert result.populations["denominator_exclusion"] == excluded


@pytest.mark.parametrize("name", KNOWN)
def test_each_clause_has_a_patient_on_either_side(name):
    """Whichever clause is made always true, or never, some patient is put elsewhere."""
    examples = EXAMPLES[name]
    whole = found_of(MEASURES[name], examples)
    unnoticed = [
        what
        for what, mutant in mutants(MEASURES[name])
        if found_of(mutant, examples) == whole
    ]
    assert unnoticed == []


def test_a_measure_that_is_wrong_is_found_by_its_examples():
    """A bound that is moved by one year is told, with the patient and both answers."""
    measure = MEASURES["colorectal-cancer-screening"]
    plain = measure.to_json().replace('"from_years":46', '"from_years":45')
    [told] = unexpected(type(measure).from_json(plain), EXAMPLES[measure.name])
    assert (
        told == "'46 on the day after': expected outside, found numerator (2025-12-31)"
    )
