"""The world's truth and the measures speak of the same patients, by either road."""

import datetime as dt

import numpy as np
import pytest

from rounds.datamart import Datamart, load, run_measure
from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures
from rounds.nouns import Period
from rounds.world import EveryCard, World, WorldConfig
from rounds.world.equity import expected_control
from rounds.world.trial_population import outcomes

CONFIG = WorldConfig(people=1_200, n_clinics=5, weeks=26, seed=3, harm=0.04)
ROADS = ("omop", "fhir")
ENDPOINTS = (
    "intensified-after-first-uncontrolled",
    "low-pressure-after-first-uncontrolled",
    "systolic-after-first-uncontrolled",
    "controlled-after-first-uncontrolled",
)
YEAR = Period(start=dt.date(2024, 1, 7), end=dt.date(2025, 1, 5))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    world = World(CONFIG)
    world.live(world.trial_end, EveryCard())
    world.write_omop(folder / "omop")
    world.write_fhir(folder / "fhir")
    for road in ROADS:
        report = load(folder / road, folder / f"{road}.duckdb")
        assert report.set_aside == 0
        assert report.read == report.mapped
    return world, folder


def truth_of(world):
    end = 7 * (78 + CONFIG.weeks)
    seen = outcomes(world._scene, world._records, 7 * 78, end)
    low = np.where(seen.low_pressure_observed, seen.low_pressure, np.nan)
    columns = (seen.intensified.astype(float), low, seen.systolic, seen.controlled)
    return seen, dict(zip(ENDPOINTS, columns, strict=True))


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_has_the_truths_patients_and_values(house, road, endpoint):
    world, folder = house
    persons = world._scene.persons
    seen, values = truth_of(world)
    window = Period(start=world.go_live, end=world.enrolment_end)
    with Datamart.open(folder / f"{road}.duckdb") as mart:
        rows = measure_rows(mart, builtin_measures()[endpoint], window)
    kept = np.flatnonzero(rows.denominator)
    person = np.array([int(name[1:]) - 1 for name in rows.person_source_value[kept]])
    kept = kept[np.argsort(person)]
    np.testing.assert_array_equal(np.sort(person), seen.person)
    np.testing.assert_array_equal(rows.value[kept], values[endpoint])
    index_date = persons.first_day + seen.index_day
    np.testing.assert_array_equal(rows.index_date[kept], index_date)
    age = persons.age_on(seen.person, seen.index_day)
    np.testing.assert_array_equal(rows.age[kept], age)
    quartile = 1 + np.searchsorted([0.25, 0.5, 0.75], persons.svi[seen.person], "right")
    np.testing.assert_array_equal(rows.svi_quartile[kept], quartile)
    sex = np.where(persons.is_female[seen.person], "F", "M")
    np.testing.assert_array_equal(rows.sex[kept], sex)


def test_the_equity_gap_is_about_the_patients_of_the_measure(house):
    _world, folder = house
    fork = World(CONFIG)
    fork.live(fork.go_live, None)
    person, expected = expected_control(fork._scene, fork._records)
    with Datamart.open(folder / "omop.duckdb") as mart:
        measure = builtin_measures()["blood-pressure-control"]
        found = run_measure(mart, measure, YEAR)
    assert found.overall.denominator == len(person)
    noise = np.sqrt((expected * (1 - expected)).sum())
    assert abs(found.overall.numerator - expected.sum()) < 4 * noise


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
