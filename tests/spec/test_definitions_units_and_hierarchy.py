"""What a value in another unit is, and which codes are below or map to a code."""

import datetime as dt

import pytest

from rounds.definitions import check, explain
from rounds.definitions.ucum import is_ucum, unit
from rounds.definitions.units import Analyte, conversion
from rounds.nouns import Measure
from stories.measures import SYSTEMS, Tables

HBA1C = Analyte("LOINC", "4548-4")
GLUCOSE = Analyte("LOINC", "2345-7")


@pytest.mark.parametrize(
    ("value", "given", "wanted", "expected"),
    [
        (18.7, "kPa", "mm[Hg]", 140.261922263),
        (1.1, "g/L", "mg/dL", 110.0),
        (150, "[lb_av]", "kg", 68.0388555),
        (70, "[in_i]", "cm", 177.8),
        (98.6, "[degF]", "Cel", 37.0),
        (37, "Cel", "K", 310.15),
        (45, "%", "L/L", 0.45),
        (4.5, "10*3/uL", "10*9/L", 4.5),
        (60, "U/L", "ukat/L", 1.0),
        (72, "{beats}/min", "/min", 72.0),
        (2, "m[IU]/L", "u[iU]/mL", 2.0),
    ],
)
def test_what_has_one_dimension_is_converted(value, given, wanted, expected):
    """Units of one dimension differ by a factor, and temperatures by a zero point."""
    assert conversion(given, wanted).apply(value) == expected


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("mmol/L", "mg/dL"),  # of what?
        ("mmol/mol", "%"),  # HbA1c stands on two scales
        ("mmol/L", "10*3/uL"),  # moles are not counted like cells
        ("meq/L", "mmol/L"),  # of which charge?
        ("mL/min/{1.73_m2}", "mL/min"),
        ("[iU]/L", "U/L"),
        ("mg/g", "%"),
        ("Cel/min", "K/min"),
        ("mm[Hg]", "cm"),
        ("mmHg", "mm[Hg]"),  # not UCUM
    ],
)
def test_what_could_mean_two_things_is_not_converted(given, wanted):
    """No number is better than a wrong one."""
    assert conversion(given, wanted) is None


def test_a_molar_mass_and_a_scale_need_the_code():
    """Glucose has a molar mass, HbA1c its master equation, and each its way back."""
    assert conversion("mmol/L", "mg/dL", GLUCOSE).apply(5.0) == 90.078
    assert conversion("mg/dL", "mmol/L", GLUCOSE).apply(90.078) == 5.0
    assert conversion("mmol/mol", "%", HBA1C).apply(48) == 6.54304
    assert round(conversion("%", "mmol/mol", HBA1C).apply(6.54304), 6) == 48
    assert conversion("mmol/L", "mg/dL", HBA1C) is None


def test_every_atom_of_the_table_has_a_worth():
    """A unit is UCUM if and only if its worth is known."""
    for code in ("mm[Hg]", "mL/min/{1.73_m2}", "10*3/uL", "/uL", "m[IU]/L", "g.m/s2"):
        assert is_ucum(code)
        assert unit(code).factor > 0
    for code in ("", "mmHg", "lbs", "(mg", "mg/", "m100", "0", "b\x00"):
        assert not is_ucum(code)


def measure(codes, domain="condition", *, units=(), below=None, **flags):
    """Write a measure of who has one of these codes (or a value below a limit)."""
    found = {"domain": domain, "concept_set": "codes", "units": units}
    numerator = {"op": "exists", "events": found}
    if below is not None:
        reading = {"pick": "lowest", "events": found}
        numerator = {"op": "compare", "reading": reading, "range": {"below": below}}
    one = Measure.model_validate(
        {
            "name": "made-up",
            "title": "Made up",
            "type": "process",
            "improvement_notation": "increase",
            "basis": "person",
            "initial_population": {"op": "age", "at": "period_end", "from_years": 18},
            "numerator": numerator,
            "concept_sets": [{"name": "codes", "include": codes, **flags}],
        }
    )
    assert not check(one)
    return one


def of(short, code):
    """Write a code as a concept set lists it."""
    return {"system": SYSTEMS[short], "code": code}


PEOPLE = """
    person | born
    -------+-----------
         1 | 1960-01-01
         2 | 1960-01-01
         3 | 1960-01-01
"""
DIAGNOSES = """
    person | code         | from
    -------+--------------+-----------
         1 | icd E11.9    | 2025-01-01
         2 | sct 44054006 | 2025-01-01
         3 | icd I10      | 2025-01-01
"""


def test_codes_below_a_code_begin_with_it_without_a_hierarchy(spec):
    """E11 and its descendants are E11.9 too; a SNOMED code has none to find."""
    below = measure([of("icd", "E11")], descendants=True)
    spec({"people": PEOPLE, "diagnoses": DIAGNOSES}, below, {"numerator": 1})
    assert "Codes of codes and what is below them:" in explain(below)
    only = measure([of("icd", "I10")])
    spec({"people": PEOPLE, "diagnoses": DIAGNOSES}, only, {"numerator": 1})


def test_what_a_vocabulary_would_be_needed_for_is_said(run):
    """Without a hierarchy, a SNOMED concept set with descendants says what it lacks."""
    below = measure([of("sct", "44054006")], descendants=True)
    result = run({"people": PEOPLE, "diagnoses": DIAGNOSES}, below)
    assert result.populations["numerator"] == 1
    assert any("Codes below those of codes" in line for line in result.limitations)


def both(tables, one):
    """Run on both engines; give the result."""
    from stories.measures import both_engines

    return both_engines(tables.rows, one)


def test_descendants_and_maps_come_from_the_vocabulary():
    """Below a concept are its descendants; mapped, the source codes that map to it."""
    tables = Tables(people=PEOPLE, diagnoses=DIAGNOSES)
    concepts = {r["concept_code"]: r["concept_id"] for r in tables.rows["concept"]}
    top = tables._concept("sct 73211009")
    tables.rows["concept_ancestor"] = [
        {"ancestor_concept_id": top, "descendant_concept_id": top},
        {"ancestor_concept_id": top, "descendant_concept_id": concepts["44054006"]},
    ]
    tables.rows["concept_relationship"] = [
        {
            "concept_id_1": concepts[code],
            "concept_id_2": concepts["44054006"],
            "relationship_id": "Maps to",
            "invalid_reason": invalid,
        }
        for code, invalid in (("E11.9", None), ("I10", "D"))
    ]
    diabetes = [of("sct", "73211009")]
    found = [
        both(tables, measure(diabetes, **flags)).populations["numerator"]
        for flags in ({"descendants": True}, {"descendants": True, "mapped": True})
    ]
    assert found == [1, 2]
    less = measure(
        diabetes, descendants=True, mapped=True, exclude=[of("icd", "E11.9")]
    )
    # An exclusion is widened too: E11.9 has nothing below it and nothing maps to it.
    assert both(tables, less).populations["numerator"] == 1


def test_values_are_converted_to_the_unit_of_the_measure():
    """Glucose in mmol/L, by its code's molar mass, and kPa, by dimension."""
    tables = Tables(people=PEOPLE)
    loinc = tables._concept("loinc 2345-7")
    for person, value, unit_code in (
        (1, 3.0, "mmol/L"),
        (2, 5.0, "mg/dL"),
        (3, 5.0, "bananas"),
    ):
        tables._add(
            "measurement",
            person_id=person,
            measurement_concept_id=0,
            measurement_source_concept_id=loinc,
            measurement_date=dt.date(2025, 2, 1),
            value_as_number=value,
            unit_source_value=unit_code,
        )
    low = measure([of("loinc", "2345-7")], "measurement", units=("mg/dL",), below=70)
    result = both(tables, low)
    assert result.populations["numerator"] == 2
    (said,) = result.limitations
    assert said.startswith("1 to 10 values of codes in the datamart are not in mg/dL")
    assert "bananas" not in said
