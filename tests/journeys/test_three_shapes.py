"""The same patients, as FHIR, as OMOP and as CSV, give the same measures."""

import datetime as dt

import pytest

from rounds.datamart import Datamart, load, run_measure
from rounds.definitions import builtin_measures
from rounds.definitions.graph import has_months
from rounds.nouns import Period
from rounds.world import World, WorldConfig
from stories.world_csv import write_csv

BY = ("care_site", "provider", "sex", "age", "svi_quartile", "month")
SHAPES = ("omop", "fhir", "csv")
NOBODY = {
    "abdominal-ct-use": "no CT is made, and nobody has abdominal pain",
    "breast-cancer-screening": "no mammography is made",
    "colorectal-cancer-screening": "nobody is screened for colorectal cancer",
    "hba1c-poor-control": "no HbA1c is measured",
    "missed-appendicitis": "nobody has appendicitis",
    "opioid-quantity-at-discharge": "no opioid is prescribed",
    "statin-therapy": "no statin is prescribed",
}
"""Measures that the world has no patient for, and why: its people have hypertension.

Each is counted as nobody in every shape; a world that learns to have such patients fails
here, and then the measure leaves this list.
"""


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    world = World(WorldConfig(people=600, weeks=26, seed=5, n_clinics=4))
    world.live(world.trial_end, None)
    world.write_omop(folder / "omop")
    world.write_fhir(folder / "fhir")
    write_csv(folder / "omop", folder / "csv")
    reports = {
        shape: load(folder / shape, folder / f"{shape}-mart") for shape in SHAPES
    }
    return world, folder, reports


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_lost_in_any_shape(shapes, shape):
    report = shapes[2][shape]
    assert report.shape == shape
    assert report.persons == 600
    assert report.read == report.mapped + report.set_aside
    assert report.rows["measurement"] == shapes[2]["omop"].rows["measurement"]


def test_the_list_of_measures_without_patients_names_measures():
    assert set(NOBODY) < set(builtin_measures())


@pytest.mark.parametrize("name", sorted(builtin_measures()))
def test_every_measure_is_identical(shapes, name):
    world, folder, _ = shapes
    measure = builtin_measures()[name]
    periods = (
        Period(start=world.go_live - dt.timedelta(days=365), end=world.go_live),
        Period(start=world.go_live, end=world.enrolment_end),
    )
    splits = BY if measure.basis != "person" or has_months(measure) else BY[:-1]
    counted = 0
    with (
        Datamart.open(folder / "omop-mart") as omop,
        Datamart.open(folder / "fhir-mart") as fhir,
        Datamart.open(folder / "csv-mart") as plain,
    ):
        for period in periods:
            for by in splits:
                one = run_measure(omop, measure, period, by=by)
                for mart in (fhir, plain):
                    other = run_measure(mart, measure, period, by=by)
                    for part in ("populations", "overall", "by"):
                        assert getattr(one, part, one) == getattr(other, part, other)
                counted += getattr(one, "populations", {}).get("denominator", 0)
    assert (counted == 0) == (name in NOBODY), NOBODY.get(name)
