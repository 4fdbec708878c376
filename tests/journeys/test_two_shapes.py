"""The same patients, as FHIR and as OMOP, give the same measures."""

import datetime as dt

import pytest

from rounds.datamart import Datamart, load, run_measure
from rounds.definitions import builtin_measures
from rounds.nouns import Period
from rounds.world import World, WorldConfig

BY = ("care_site", "provider", "sex", "age", "svi_quartile", "month")


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    world = World(WorldConfig(people=600, weeks=26, seed=5, n_clinics=4))
    world.live(world.trial_end, None)
    world.write_omop(folder / "omop")
    world.write_fhir(folder / "fhir")
    reports = {}
    for shape in ("omop", "fhir"):
        reports[shape] = load(folder / shape, folder / f"{shape}.duckdb")
    return world, folder, reports


def test_nothing_is_lost_in_either_shape(shapes):
    _, _, reports = shapes
    assert reports["omop"].persons == reports["fhir"].persons == 600
    for report in reports.values():
        assert report.read == report.mapped + report.set_aside


@pytest.mark.parametrize("name", sorted(builtin_measures()))
def test_every_measure_is_identical(shapes, name):
    world, folder, _ = shapes
    measure = builtin_measures()[name]
    periods = (
        Period(start=world.go_live - dt.timedelta(days=365), end=world.go_live),
        Period(start=world.go_live, end=world.enrolment_end),
    )
    counted = 0
    with (
        Datamart.open(folder / "omop.duckdb") as omop,
        Datamart.open(folder / "fhir.duckdb") as fhir,
    ):
        for period in periods:
            for by in BY:
                one = run_measure(omop, measure, period, by=by)
                other = run_measure(fhir, measure, period, by=by)
                assert getattr(one, "populations", one) == getattr(
                    other, "populations", other
                )
                assert getattr(one, "overall", one) == getattr(other, "overall", other)
                assert getattr(one, "by", one) == getattr(other, "by", other)
                counted += getattr(one, "populations", {}).get("denominator", 0)
    assert counted > 0
