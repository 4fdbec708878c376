"""What is said when a measure is not well put, or the datamart cannot be read."""

import pytest

from rounds.datamart.measures.running import run_measure
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.definitions import builtin_measures, check, load_measures
from rounds.nouns import DataError, DefinitionError, Measure
from stories.measures import YEAR, HandMade, Tables

MEASURE = builtin_measures()["blood-pressure-control"]
GOOD = """\
name: seen
title: Seen
type: process
improvement_notation: increase
initial_population: {op: age, at: period_end, from_years: 18}
numerator: {op: exists, events: {domain: visit}}
"""


def problems(**changed):
    return check(MEASURE.model_copy(update=changed))


def test_a_concept_set_that_is_not_there_is_named_with_those_that_are():
    sets = tuple(one for one in MEASURE.concept_sets if one.name != "systolic")
    found = problems(concept_sets=sets)
    assert len(found) == 3
    assert all("no concept set 'systolic'" in text for text in found)
    assert "there are: dialysis-or-transplant, diastolic" in found[0]
    assert found[0].startswith("numerator.of.0.reading.events")


def test_every_problem_is_collected():
    uncontrolled = builtin_measures()["treatment-intensified"]
    found = problems(
        name="Not A Name",
        initial_population=uncontrolled.initial_population,
        concept_sets=(*MEASURE.concept_sets, MEASURE.concept_sets[0]),
    )
    said = "\n".join(found)
    assert "name: 'Not A Name'" in said
    assert "index_visit needs basis: visit" in said
    assert "persons have no index" in said
    assert "'essential-hypertension' is given 2 times" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("op: age", "op: agee", "initial_population"),
        ("title: Seen\n", "", "title: Field required"),
        ("from_years: 18", "from_years: eighteen", "from_years"),
        ("numerator:", "numerater:", "Did you mean numerator?"),
        ("at: period_end", "at: index", "persons have no index"),
        ("domain: visit", "domain: drug", "drug events name a concept_set"),
        ("type: process", "type: process\nindex: each", "index"),
        (
            "title: Seen",
            "title: Seen\nconcept_sets: [none-such]",
            "no concept set 'none-such'",
        ),
        ("title: Seen", "title: Seen\nbased_on: none-such", "no other measure"),
        ("title: Seen", "title: Seen\nbased_on: seen", "no other measure"),
    ],
)
def test_a_wrong_file_is_named_with_its_field(tmp_path, old, new, said):
    (tmp_path / "seen.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(DefinitionError) as raised:
        load_measures(tmp_path)
    assert raised.value.code == "invalid-measure"
    assert "seen.yaml" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (b"name: [", "not-yaml"),
        (b"\xff\xfe", "unreadable-definition"),
        (b"just words", "invalid-measure"),
        (b"", "invalid-measure"),
    ],
)
def test_a_file_that_is_no_yaml_is_named(tmp_path, written, code):
    (tmp_path / "broken.yaml").write_bytes(written)
    with pytest.raises(DefinitionError, match=r"broken\.yaml") as raised:
        load_measures(tmp_path)
    assert raised.value.code == code


def test_two_files_cannot_bear_one_name(tmp_path):
    (tmp_path / "one.yaml").write_text(GOOD)
    (tmp_path / "two.yaml").write_text(GOOD)
    with pytest.raises(DefinitionError, match="'seen' is taken"):
        load_measures(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scoring": "continuous-variable"}, "measure_observation"),
        ({"numerator": None}, "a proportion has a numerator"),
        ({"basis": "visit"}, "index"),
    ],
)
def test_a_measure_that_contradicts_itself_does_not_exist(changed, said):
    plain = {**MEASURE.model_dump(mode="json"), **changed}
    with pytest.raises(ValueError, match=said):
        Measure.model_validate(plain)


def test_a_measure_with_a_problem_is_not_run():
    wrong = MEASURE.model_copy(update={"concept_sets": ()})
    with pytest.raises(DefinitionError, match="no concept set"):
        measure_rows(HandMade(Tables().rows), wrong, YEAR)


def test_an_unknown_characteristic_lists_those_there_are():
    with pytest.raises(DefinitionError, match="care_site, provider, sex") as raised:
        run_measure(HandMade(Tables().rows), MEASURE, YEAR, by="ward")
    assert raised.value.code == "unknown-characteristic"


def test_a_measure_that_reads_no_day_has_no_months(tmp_path):
    (tmp_path / "seen.yaml").write_text(GOOD)
    measure = load_measures(tmp_path)["seen"]
    with pytest.raises(DefinitionError, match="by month") as raised:
        run_measure(HandMade(Tables().rows), measure, YEAR, by="month")
    assert raised.value.code == "no-monthly-form"


def test_an_unreadable_datamart_is_said_without_its_words():
    class Broken:
        snapshot = ""

        def __init__(self):
            import duckdb

            self._connection = duckdb.connect()  # No table at all.

    for run in (measure_rows, run_measure):
        with pytest.raises(DataError) as raised:
            run(Broken(), MEASURE, YEAR)
        assert raised.value.code == "datamart-unreadable"
        assert raised.value.__cause__ is None
        assert "concept" not in str(raised.value)


def test_rows_show_their_size_alone():
    tables = Tables(
        people="person | born\n--\n1 | 1960-01-01",
        visits="person | day\n--\n1 | 2025-03-01",
        diagnoses="person | code | from\n--\n1 | icd I10 | 2020-01-01",
        readings="person | day | systolic | diastolic\n--\n1 | 2025-03-01 | 130 | 80",
    )
    rows = measure_rows(HandMade(tables.rows), MEASURE, YEAR)
    assert isinstance(rows, MeasureRows)
    assert repr(rows) == "<rows: 1 × 18>"
    assert "p1" not in f"{rows} {rows!r}"
