"""Files read at once, straight into the stage: each row knows its file and line."""

import gzip

import duckdb
import pytest

from rounds.datamart import Store, load
from rounds.datamart.fhir.staging import Staging
from rounds.datamart.fhir.views import flattening

BUFFER = 32 << 20
"""What the engine reads at a time: a larger file is read on several threads."""


def line(file, number, *, wide=0):
    text = '"note":[{"text":"' + "x" * wide + '"}],' if wide else ""
    return (
        f'{{"resourceType":"Observation","id":"{file}-{number}",{text}'
        '"status":"final","code":{"text":"c"},"subject":{"reference":"Patient/p"},'
        '"effectiveDateTime":"2025-01-05"}\n'
    )


def staged(mart):
    (part,) = Store(mart).current().sources[0].parts
    with duckdb.connect(str(mart / "parts" / part.file), read_only=True) as made:
        return made.execute(
            "SELECT name, record, id FROM stage_Observation "
            "JOIN rounds_source_file USING (file_number)"
        ).fetchall()


@pytest.fixture
def folder(tmp_path):
    given = tmp_path / "in"
    given.mkdir()
    patient = '{"resourceType":"Patient","id":"p","birthDate":"1960-01-01"}\n'
    (given / "Patient.ndjson").write_text(patient)
    return given


def test_files_of_one_type_read_at_once_keep_their_lines(folder, tmp_path):
    """Large and small, plain and packed: some are read on several threads."""
    large = BUFFER // 700 + 20_000
    sizes = {"Observation.1": large, "Observation.2": 5_000, "Observation.3": 3_000}
    for name, n in sizes.items():
        lines = (line(name[-1], k, wide=500) for k in range(1, n + 1))
        (folder / f"{name}.ndjson").write_text("".join(lines))
    assert (folder / "Observation.1.ndjson").stat().st_size > BUFFER
    packed = "".join(line("4", k) for k in range(1, 2_001))
    (folder / "Observation.4.ndjson.gz").write_bytes(gzip.compress(packed.encode()))
    report = load(folder, tmp_path / "mart", threads=2)
    assert report.by_type["Observation"].mapped == sum(sizes.values()) + 2_000
    rows = staged(tmp_path / "mart")
    assert len(rows) == sum(sizes.values()) + 2_000
    for name, record, resource in rows:
        file, number = resource.split("-")
        assert (name.split(".")[1], record) == (file, int(number))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_row_without_an_id_moves_no_other(folder, tmp_path, threads):
    for file in ("1", "2"):
        lines = [line(file, k) for k in range(1, 41)]
        lines[6] = lines[6].replace(f'"id":"{file}-7",', "")
        (folder / f"Observation.{file}.ndjson").write_text("".join(lines))
    report = load(folder, tmp_path / "mart", threads=threads)
    counts = report.by_type["Observation"]
    assert (counts.read, counts.mapped, counts.set_aside) == (80, 78, 2)
    (why,) = [each for each in report.reasons if each.reason == "no id"]
    assert why.examples == ("Observation.1.ndjson:7", "Observation.2.ndjson:7")
    found = {(resource, record) for _, record, resource in staged(tmp_path / "mart")}
    assert found == {
        (f"{file}-{k}", k) for file in "12" for k in range(1, 41) if k != 7
    }


def test_one_refused_file_takes_nothing_from_those_beside_it(folder, tmp_path):
    for file in ("1", "2", "3"):
        lines = [line(file, k) for k in range(1, 101)]
        if file == "2":
            lines[49] = "{not json\n"
        (folder / f"Observation.{file}.ndjson").write_text("".join(lines))
    load(folder, tmp_path / "mart", threads=2)
    found = {(resource, record) for _, record, resource in staged(tmp_path / "mart")}
    assert found == {
        (f"{file}-{k}", k)
        for file in "123"
        for k in range(1, 101)
        if (file, k) != ("2", 50)
    }


@pytest.mark.parametrize("at_once", [1, 3, 10, 100])
def test_rows_are_numbered_in_portions_as_in_one(at_once):
    """Each file's rows are 1, 2, 3 …; what had its place already keeps it."""
    with duckdb.connect() as made:
        staging = Staging(flattening(), ())
        staging.create(made)
        for file, n in ((1, 10), (2, 4), (3, 1)):
            made.execute(
                "INSERT INTO stage_Observation BY NAME "
                f"SELECT range AS key, {file} AS file_number FROM range({n})"
            )
        made.execute(
            "INSERT INTO stage_Observation BY NAME "
            "SELECT 9 AS key, 4 AS file_number, 77 AS record"
        )
        staging.number(made, "Observation", at_once=at_once)
        found = made.execute(
            "SELECT file_number, list(record ORDER BY key) FROM stage_Observation "
            "GROUP BY file_number ORDER BY file_number"
        ).fetchall()
    assert found == [(1, [*range(1, 11)]), (2, [1, 2, 3, 4]), (3, [1]), (4, [77])]
