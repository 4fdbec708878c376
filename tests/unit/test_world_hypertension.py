"""Drugs lower pressure as cited, are given in a sensible order, and new is new."""

import numpy as np
import pytest

from rounds.world import EveryCard, World, WorldConfig
from rounds.world.problems.hypertension import DRUGS, treated
from rounds.world.records import Records
from rounds.world.solve import first_in_window

SMALL = {"people": 2_000, "n_clinics": 5, "weeks": 10, "seed": 21}


@pytest.fixture(scope="module")
def world():
    world = World(WorldConfig(**SMALL, effect=0.1, harm=0.05))
    world.live(world.trial_end, EveryCard())
    return world


@pytest.mark.parametrize(("before", "drop"), [(154, 9.1), (164, 10.1), (144, 8.1)])
def test_one_drug_taken_fully_lowers_pressure_as_cited(before, drop):
    one = np.array([1.0])
    after = treated(before * one, one, np.array([1]))
    assert before - after[0] == pytest.approx(drop)


def test_no_drug_and_no_adherence_change_nothing():
    pressure = np.array([150.0, 150.0])
    after = treated(pressure, np.array([1.0, 0.0]), np.array([0, 3]))
    np.testing.assert_allclose(after, pressure)


def test_nobody_is_ever_given_two_drugs_of_one_class(world):
    slots = world._scene.persons.slots
    names = np.array([drug.name for drug in DRUGS])[slots]
    for pair in (("lisinopril", "losartan"), ("hydrochlorothiazide", "chlorthalidone")):
        assert (np.isin(names, pair).sum(axis=1) == 1).all()
    assert all(len(set(row)) == 5 for row in slots.tolist())


def test_an_intensification_orders_a_code_the_person_never_had(world):
    orders = world._records.table("order")
    decisions = world._records.table("decision")
    key = orders["person"] * 8 + orders["drug"]
    order = np.lexsort((orders["day"], key))
    _, first = np.unique(key[order], return_index=True)
    first = order[first]
    new = first[orders["day"][first] >= 26 * 7]
    intensified = decisions["intensified"]
    decided = set(
        zip(
            decisions["person"][intensified].tolist(),
            decisions["day"][intensified].tolist(),
            strict=True,
        )
    )
    for person, day in zip(
        orders["person"][new].tolist(), orders["day"][new].tolist(), strict=True
    ):
        assert any((person, day - wait) in decided for wait in range(21))


def test_what_is_taken_is_renewed_at_least_twice_a_year(world):
    orders = world._records.table("order")
    persons, state = world._scene.persons, world._state
    recent = orders["day"] >= 7 * (world._week - 27)
    has = set(
        zip(
            orders["person"][recent].tolist(),
            orders["drug"][recent].tolist(),
            strict=True,
        )
    )
    alive = np.flatnonzero(persons.death_day > 7 * world._week)
    for person in alive.tolist():
        for slot in range(5):
            if state.current[person] >> slot & 1:
                assert (person, int(persons.slots[person, slot])) in has


def test_nobody_has_two_visits_on_a_day(world):
    visits = world._records.table("visit")
    assert len(np.unique(visits["person"] * 10_000 + visits["day"])) == len(
        visits["day"]
    )


def test_pressures_are_possible(world):
    readings = world._records.table("reading")
    assert readings["systolic"].min() >= 70
    assert readings["systolic"].max() <= 240
    assert (readings["systolic"] - readings["diastolic"] >= 15).all()


def test_ages_follow_the_calendar(world):
    persons = world._scene.persons
    who = np.arange(200)
    birth = persons.first_day + persons.birth_day[who]
    day = int((np.datetime64("2025-03-01") - persons.first_day).astype(int))
    expected = [
        2025 - b.year - ((b.month, b.day) > (3, 1)) for b in birth.astype(object)
    ]
    assert persons.age_on(who, day).tolist() == expected
    assert persons.age_on(who, 0).min() >= 18


def test_the_first_in_a_window_is_the_first_and_in_the_window():
    person = np.array([1, 1, 2, 2, 3])
    day = np.array([9, 4, 1, 7, 20])
    assert first_in_window(person, day, 2, 10).tolist() == [1, 3]
    assert first_in_window(person, day, 30, 40).tolist() == []


def test_records_copy_grows_on_its_own():
    records = Records()
    records.append("a", {"x": np.array([1])})
    twin = records.copy()
    twin.append("a", {"x": np.array([2])})
    assert records.table("a")["x"].tolist() == [1]
    assert twin.table("a")["x"].tolist() == [1, 2]
    assert records.table("none") == {}
    assert repr(twin) == "<records: a: 2>"
