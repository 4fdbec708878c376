"""Diabetes and screening by either road: the same answers, and the truth's patients."""

import datetime as dt

import numpy as np
import pytest

from rounds.datamart import Datamart, load, run_measure
from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures
from rounds.nouns import Period
from rounds.world import World, WorldConfig
from rounds.world.measured import measured

CONFIG = WorldConfig(
    people=1_500,
    n_clinics=5,
    weeks=4,
    seed=3,
    problems=("hypertension", "diabetes", "screening"),
)
ROADS = ("omop", "fhir")
PLANTED = (
    "blood-pressure-control",
    "hba1c-poor-control",
    "statin-therapy",
    "colorectal-cancer-screening",
)
YEAR = Period(start=dt.date(2024, 1, 7), end=dt.date(2025, 1, 5))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    world = World(CONFIG)
    world.live(world.go_live, None)
    world.write_omop(folder / "omop")
    world.write_fhir(folder / "fhir")
    for road in ROADS:
        report = load(folder / road, folder / f"{road}.duckdb")
        assert report.set_aside == 0
        assert report.read == report.mapped
    return world, folder


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", PLANTED)
def test_a_measure_counts_the_truths_patients(house, road, name):
    """Person by person: who is counted, for whom care does well, and where."""
    world, folder = house
    measure = builtin_measures()[name]
    truth = measured(world._scene, world._records)[name]
    with Datamart.open(folder / f"{road}.duckdb") as mart:
        rows = measure_rows(mart, measure, YEAR)
    kept = np.flatnonzero(rows.denominator)
    person = np.array([int(one[1:]) - 1 for one in rows.person_source_value[kept]])
    kept, person = kept[np.argsort(person)], np.sort(person)
    np.testing.assert_array_equal(person, truth.person)
    does_well = rows.numerator[kept] == (measure.improvement_notation == "increase")
    np.testing.assert_array_equal(does_well, truth.does_well)
    assert truth.does_well.any()
    assert not truth.does_well.all()
    clinic = [int(site[-2:]) - 1 for site in rows.care_site[kept]]
    np.testing.assert_array_equal(clinic, world._scene.persons.clinic[person])


def test_both_roads_give_the_same_measures(house):
    _, folder = house
    answers = []
    for road in ROADS:
        with Datamart.open(folder / f"{road}.duckdb") as mart:
            results = [
                run_measure(mart, measure, YEAR, by=by)
                for measure in builtin_measures().values()
                for by in ("care_site", "provider", "sex", "svi_quartile")
            ]
        parts = ("populations", "overall", "by")
        answers.append([[getattr(r, part, r) for part in parts] for r in results])
    assert answers[0] == answers[1]
