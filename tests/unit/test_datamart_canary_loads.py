"""Identifiers are planted in whole sources, and none is found in what a load leaves."""

import json

import duckdb
import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.deidentify import MODES, DeidentifyPlan
from rounds.nouns import DataError, RoundsError
from stories import canaries
from stories.canary_sources import IN_BROKEN, SHAPES, plan, sources


@pytest.fixture
def plainly(monkeypatch):
    """Write files uncompressed, so that a search of their bytes misses nothing."""
    connect = duckdb.connect

    def uncompressed(*arguments, **options):
        made = connect(*arguments, **options)
        made.execute("SET force_compression = 'uncompressed'")
        return made

    monkeypatch.setattr(duckdb, "connect", uncompressed)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_canary_is_found_in_a_whole_datamart(tmp_path, plainly, capfd, mode, shape):
    """Not in a table, in the bytes of a file, in a report, in output or in an error."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", shape)
    mart = tmp_path / "private" / "datamart"
    words = [*flock.texts, *IN_BROKEN]
    words += flock.dates if mode == "safe_harbor" else []
    said = []
    try:
        report = load(
            tmp_path / "source",
            mart,
            deidentify=plan(tmp_path, mode),
            progress=lambda what, *_: said.append(what),
        )
    except RoundsError as error:
        found = canaries.found_in_text(str(error), words)
        pytest.fail(
            f"{type(error).__name__} ({error.code}), with {len(found)} canaries"
        )
    assert report.persons
    assert report.read == report.mapped + report.set_aside
    with Datamart.open(mart) as opened:
        assert opened.calendar == plan(tmp_path, mode).calendar
        said += [json.dumps(report.as_dict()), str(opened.status()), repr(opened)]
    said += [*capfd.readouterr()]
    assert canaries.found_in_text("\n".join(said), words) == []
    assert canaries.found_in_files(mart, words) == {}
    assert (
        canaries.found_in_files(tmp_path / "private" / "deidentify-codes", words) == {}
    )
    for file in mart.rglob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            assert canaries.found_in_cells(connection, words) == {}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_search_finds_what_is_not_taken_away(tmp_path, plainly, shape):
    """The same load without a plan: the cells and the bytes are full of canaries."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", shape)
    mart = tmp_path / "datamart"
    load(tmp_path / "source", mart)
    in_files = canaries.found_in_files(mart, flock.texts)
    in_cells = {}
    for file in mart.rglob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            in_cells |= canaries.found_in_cells(connection, flock.texts)
    assert len(in_cells) > 20
    assert set(in_cells) <= set(in_files)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_as_much_is_loaded_and_set_aside_as_without(tmp_path, mode, shape):
    """Each fault is still a fault, for the same reason; each good row still good."""
    sources(canaries.Flock(), tmp_path / "source", shape)
    plainly = load(tmp_path / "source", tmp_path / "plain")
    away = load(tmp_path / "source", tmp_path / "away", deidentify=plan(tmp_path, mode))
    assert away.by_type == plainly.by_type
    assert away.rows["person"] == plainly.rows["person"]
    set_aside = [(one.type, one.reason, one.n) for one in away.reasons]
    assert set_aside == [(one.type, one.reason, one.n) for one in plainly.reasons]


@pytest.mark.parametrize("mode", MODES)
def test_a_datamart_stays_as_it_began(tmp_path, mode):
    """The same again is nothing new; another mode, or none, is refused."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", "fhir")
    mart = tmp_path / "private" / "datamart"
    first = load(tmp_path / "source", mart, deidentify=plan(tmp_path, mode))
    again = load(tmp_path / "source", mart, deidentify=plan(tmp_path, mode))
    assert again.unchanged
    assert again.snapshot == first.snapshot
    (other,) = set(MODES) - {mode}
    for wrong in (None, plan(tmp_path, other)):
        with pytest.raises(DataError) as error:
            load(tmp_path / "source", mart, deidentify=wrong)
        assert error.value.code == "deidentify-changed"
    with Datamart.open(mart) as opened:
        assert opened.snapshot == first.snapshot


@pytest.mark.parametrize("mode", MODES)
def test_a_new_year_reads_every_file_again(tmp_path, mode):
    """More people are over 89; the files are found by where they stood in private."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", "bundle")
    mart = tmp_path / "private" / "datamart"
    this_year = plan(tmp_path, mode)
    first = load(tmp_path / "source", mart, deidentify=this_year)
    later = DeidentifyPlan(**{**vars(this_year), "reference_year": 2027})
    second = load(tmp_path / "source", mart, deidentify=later)
    assert second.snapshot != first.snapshot
    assert second.by_type == first.by_type
    assert second.rows == first.rows
    assert canaries.found_in_files(mart, flock.texts) == {}
