"""Cohorts of a CDM that is elsewhere: counted as our own store counts them, by reading."""

import pyarrow.parquet as pq
import pytest

from rounds.datamart import (
    CdmDatabase,
    Datamart,
    load,
    open_cdm,
    run_cohorts,
    run_cohorts_with_members,
)
from rounds.datamart.engines.duckdb import DuckDbEngine
from rounds.nouns import Cohort, DataError, DefinitionError
from stories.cohort_cdm import made
from stories.cohort_engines import definitions
from stories.elsewhere import PLACES, cdm_elsewhere

READS_NO_54 = "18-region-of-residence"
COHORTS = [
    Cohort(name=name, title=name, expression=expression)
    for name, expression in definitions().items()
    if name != READS_NO_54
]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """What our own store says of each."""
    folder = tmp_path_factory.mktemp("omop")
    for name, table in made().items():
        pq.write_table(table, folder / f"{name}.parquet")
    load(folder, folder / "datamart")
    with Datamart.open(folder / "datamart") as datamart:
        return run_cohorts_with_members(
            datamart, COHORTS, without=frozenset({"p1", "p2"})
        )


@pytest.fixture(scope="module", params=PLACES)
def elsewhere(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    with (
        cdm_elsewhere(request.param, folder, made()) as settings,
        open_cdm(settings, folder) as datamart,
    ):
        yield datamart


def test_every_definition_counts_the_same_elsewhere(elsewhere, own):
    """Attrition, whole, sex, age and codes that are never used; and who is in each."""
    found = run_cohorts_with_members(
        elsewhere, COHORTS, without=frozenset({"p1", "p2"})
    )
    assert sum(result.persons for result, _ in found) > 500
    for (there, those), (here, these) in zip(found, own, strict=True):
        left = {"snapshot", "limitations"}
        assert there.model_dump(exclude=left) == here.model_dump(exclude=left)
        assert set(here.limitations) <= set(there.limitations)
        assert those.keys() == these.keys()
        for line, sums in these.items():
            assert [one.total for one in those[line]] == [one.total for one in sums]
            assert [one.keys.tolist() for one in those[line]] == [
                one.keys.tolist() for one in sums
            ]


def test_that_it_may_change_is_said_beside_the_counts(elsewhere):
    [(found, _)] = run_cohorts_with_members(elsewhere, COHORTS[:1])
    assert any("may change" in sentence for sentence in found.limitations)


VOCABULARY = {"concept", "concept_ancestor", "concept_relationship"}


@pytest.mark.parametrize("place", PLACES)
def test_without_a_hierarchy_each_listed_concept_stands_for_itself(place, tmp_path):
    """As on our own store: what is below a concept is not known, and that is said."""
    tables = {n: t for n, t in made().items() if n not in VOCABULARY}
    chosen = [one for one in COHORTS if one.name[:2] in {"02", "20", "30"}]
    for name, table in tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    load(tmp_path, tmp_path / "datamart")
    with Datamart.open(tmp_path / "datamart") as datamart:
        here = run_cohorts(datamart, chosen)
    with (
        cdm_elsewhere(place, tmp_path, tables) as settings,
        open_cdm(settings, tmp_path) as datamart,
    ):
        there = run_cohorts(datamart, chosen)
    for one, other in zip(here, there, strict=True):
        assert one.attrition == other.attrition
        assert one.unused_concepts == other.unused_concepts
        assert other.limitations[0].startswith("No vocabulary with a hierarchy")
    assert sum(one.persons for one in there) > 10


def test_a_table_that_a_cohort_reads_and_the_cdm_lacks_is_named(tmp_path):
    tables = {n: t for n, t in made().items() if n != "device_exposure"}
    [devices] = [one for one in COHORTS if one.name.startswith("08")]
    with (
        cdm_elsewhere("duckdb", tmp_path, tables) as settings,
        open_cdm(settings, tmp_path) as datamart,
        pytest.raises(DataError) as caught,
    ):
        run_cohorts(datamart, [devices])
    assert caught.value.code == "engine-lacks-table"
    assert "device_exposure" in caught.value.what


def test_an_engine_that_cohorts_are_not_written_for_says_so(tmp_path):
    """No such engine is run yet; one that will be must be compared before."""

    class LikeTrino(DuckDbEngine):
        dialect = "trino"

        def holds(self, _):
            return False

    with (
        cdm_elsewhere("duckdb", tmp_path, {"person": made()["person"]}),
        CdmDatabase(LikeTrino(tmp_path / "cdm.duckdb"), "a lake") as datamart,
        pytest.raises(DefinitionError) as caught,
    ):
        run_cohorts(datamart, COHORTS[:1])
    assert caught.value.code == "cohort-engine"
    assert "rounds data load" in caught.value.remedies[0]
