"""What a load of few rows leaves out costs nothing but time."""

import duckdb
import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.loading import build
from rounds.world import World, WorldConfig


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    """Tables whose concepts are the source's own, in several columns."""
    folder = tmp_path_factory.mktemp("world") / "parquet"
    world = World(WorldConfig(people=100, weeks=26, seed=5, n_clinics=2))
    world.live(world.go_live, None)
    world.write_omop(folder)
    return folder


@pytest.fixture(scope="module")
def whole(parquet, tmp_path_factory):
    """The datamart of these tables."""
    mart = tmp_path_factory.mktemp("whole") / "datamart"
    load(parquet, mart, threads=1)
    return mart


def fingerprints(mart):
    with Datamart.open(mart, threads=1) as opened:
        return opened.fingerprints()


def compression(mart):
    (part,) = (mart / "parts").glob("*.duckdb")
    with duckdb.connect(str(part), read_only=True) as connection:
        found = connection.execute(
            "SELECT DISTINCT compression FROM pragma_storage_info('visit_occurrence') "
            "WHERE segment_type NOT IN ('VALIDITY', 'NULL') "
            "AND column_name IN ('person_id', 'visit_start_date')"
        ).fetchall()
    return {each for (each,) in found}


def test_a_table_that_is_shown_holds_what_a_copied_one_does(parquet, whole, tmp_path):
    """Parquet is looked at once, text is copied and judged: one result."""
    folder = tmp_path / "csv"
    folder.mkdir()
    for path in parquet.glob("*.parquet"):
        target = folder / f"{path.stem}.csv"
        duckdb.sql(f"COPY (FROM '{path}') TO '{target}' (HEADER)")
    load(folder, tmp_path / "datamart", threads=1)
    assert fingerprints(tmp_path / "datamart") == fingerprints(whole)


def test_only_a_large_part_is_compressed(parquet, whole, tmp_path, monkeypatch):
    """The rows are the same."""
    monkeypatch.setattr(build, "_SMALL", 0)
    load(parquet, tmp_path / "datamart", threads=1)
    assert compression(whole) == {"Uncompressed"}
    assert "Uncompressed" not in compression(tmp_path / "datamart")
    assert fingerprints(tmp_path / "datamart") == fingerprints(whole)
