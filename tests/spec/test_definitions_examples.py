"""Example patients travel with each shipped measure, on either side of each clause."""

import pytest

from rounds.definitions import (
    builtin_examples,
    builtin_measures,
    load_examples,
    tables_of,
    unexpected,
)
from rounds.definitions.example_checks import found_of
from rounds.nouns import DefinitionError
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


ENDPOINTS = (
    "controlled-after-first-uncontrolled",
    "intensified-after-first-uncontrolled",
    "low-pressure-after-first-uncontrolled",
    "systolic-after-first-uncontrolled",
    "treatment-intensified",
)
ALL = (*KNOWN, *ENDPOINTS)


def test_every_shipped_measure_has_example_patients():
    """Ten measures that people know, and a trial's endpoints; none is of another."""
    assert set(EXAMPLES) == set(ALL) == set(MEASURES)


@pytest.mark.parametrize("name", ALL)
def test_a_measure_puts_its_example_patients_where_they_were_expected(name):
    """The reference engine puts every patient where the specification's text does."""
    assert unexpected(MEASURES[name], EXAMPLES[name]) == []


@pytest.mark.parametrize("name", ALL)
def test_the_database_counts_the_example_patients_as_the_reference_does(name):
    """DuckDB counts each population of the examples as the reference engine does."""
    examples = EXAMPLES[name]
    result = both_engines(tables_of(examples), MEASURES[name], examples.period)
    words = [w for found in found_of(MEASURES[name], examples) for w in found.values()]
    assert result.populations["initial_population"] == len(words)
    excluded = words.count("denominator_exclusion")
    assert result.populations["denominator_exclusion"] == excluded


@pytest.mark.parametrize("name", ALL)
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


BASED = """\
measure: treated-within-a-month
based_on: intensified-after-first-uncontrolled
patients:
  - name: No hypertension
    born: 1950-05-01
    has: [seen, high]
    expect: outside
  - name: A second medicine on day 15
    born: 1960-05-01
    has: [seen, hypertensive, high, "on lisinopril 10 MG"]
    rows:
      - {drug: RxNorm 197361, start: 2025-03-16}
    expect: numerator
"""


def test_examples_that_are_based_on_others_have_their_patients(tmp_path):
    """Who is outside or excluded is taken over; the same name goes before."""
    (tmp_path / "one.examples.yaml").write_text(BASED)
    [examples] = load_examples(tmp_path).values()
    base = EXAMPLES["intensified-after-first-uncontrolled"]
    assert examples.period == base.period
    assert examples.shared == base.shared
    kept = [one for one in base.patients if one.expect not in OUTCOMES]
    assert len(examples.patients) == len(kept) + 1
    [changed] = [one for one in examples.patients if one.name == "No hypertension"]
    assert changed.born.year == 1950


def test_examples_based_on_what_has_none_are_refused(tmp_path):
    (tmp_path / "one.examples.yaml").write_text(
        BASED.replace("based_on: intensified-after", "based_on: none-after")
    )
    with pytest.raises(DefinitionError, match="none-after-first-uncontrolled"):
        load_examples(tmp_path)


OUTCOMES = ("numerator", "denominator", "unobserved")
