"""What is written out can be read in again, and nobody else can read it."""

import stat

import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.datamart import Datamart, export_omop, load
from rounds.datamart.mapping import cdm_columns
from rounds.nouns.errors import DataError, DefinitionError, SourceError
from stories import small_csv, small_omop
from stories.rights import let_me_see_persons
from stories.small_fhir import write_ndjson


@pytest.fixture
def mart(tmp_path):
    for name in ("fhir", "omop", "csv"):
        (tmp_path / name).mkdir()
    write_ndjson(tmp_path / "fhir")
    small_omop.write_csv(tmp_path / "omop")
    small_csv.write_files(tmp_path / "csv")
    load(tmp_path / "fhir", tmp_path / "mart")
    load(tmp_path / "omop", tmp_path / "mart", name="north")
    load(tmp_path / "csv", tmp_path / "mart", name="south")
    with Datamart.open(tmp_path / "mart") as opened:
        yield opened


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_what_is_written_out_and_read_in_again_is_the_same(mart, tmp_path, form):
    found = export_omop(mart, tmp_path / "out", form=form)
    assert found.rows["person"] == 6
    report = load(tmp_path / "out", tmp_path / "again")
    assert report.set_aside == 0
    assert report.shape == "omop"
    with Datamart.open(tmp_path / "again") as again:
        assert again.fingerprints() == mart.fingerprints()


def test_only_its_owner_can_read_it(mart, tmp_path):
    export_omop(mart, tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()}
    assert modes == {0o600}


def test_a_table_has_every_column_of_the_standard(mart, tmp_path):
    export_omop(mart, tmp_path / "out", tables=("person", "cost"))
    for table in ("person", "cost"):
        written = pq.read_schema(tmp_path / "out" / f"{table}.parquet")
        assert written.names == [row["column"] for row in cdm_columns(table)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cost.parquet",
        "person.parquet",
    ]


def test_an_export_that_fails_leaves_nothing(mart, tmp_path, monkeypatch):
    monkeypatch.setattr("rounds.datamart.export._settle", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_omop(mart, tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    with pytest.raises(SourceError) as caught:
        export_omop(mart, tmp_path / "csv" / "drugs.csv" / "out")
    assert caught.value.code == "export-not-written"


def test_what_is_there_stays(mart, tmp_path):
    with pytest.raises(DataError) as caught:
        export_omop(mart, tmp_path / "csv")
    assert caught.value.code == "export-in-the-way"
    for words in ({"form": "xlsx"}, {"tables": ("patient",)}):
        with pytest.raises(DefinitionError):
            export_omop(mart, tmp_path / "out", **words)


def test_nobody_exports_persons_by_chance(tmp_path, capsys):
    (tmp_path / "omop").mkdir()
    small_omop.write_csv(tmp_path / "omop")
    root = tmp_path / "project"
    assert main(["init", str(root), "--from", str(tmp_path / "omop")]) == 0
    arguments = [
        "data",
        "export",
        "--out",
        str(tmp_path / "rows"),
        "--project",
        str(root),
    ]
    assert main(arguments) == 13
    assert not (tmp_path / "rows").exists()
    assert main([*arguments, "--persons"]) == 12
    assert not (tmp_path / "rows").exists()
    let_me_see_persons(root)
    capsys.readouterr()
    assert main([*arguments, "--persons", "--format", "csv", "--json"]) == 0
    assert '"person": null' in capsys.readouterr().out
    assert (tmp_path / "rows" / "person.csv").exists()
