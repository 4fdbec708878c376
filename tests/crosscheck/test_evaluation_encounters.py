"""Visits of patients of clinics, as R's clubSandwich and geepack analyse them."""

import json
from pathlib import Path

import numpy as np
import pytest

from rounds.loop.evaluation.spreadsheet import analyse_trial, trial_of
from rounds.methods.clusters.gee import gee
from rounds.methods.clusters.least_squares import cluster_ols

FROZEN = Path(__file__).parent / "frozen"
EXPECTED = json.loads((FROZEN / "encounter_visits.json").read_text())
VISITS = np.genfromtxt(FROZEN / "encounter_visits.csv", delimiter=",", names=True)


def design(*more):
    clinics = (VISITS["clinic"] == c for c in np.unique(VISITS["clinic"]))
    return np.column_stack([VISITS["arm"], *clinics, *more]).astype(float)


@pytest.mark.parametrize(
    ("name", "clusters", "more"),
    [
        ("by_clinic", "clinic", ()),
        ("by_patient", "patient", ()),
        ("with_age", "patient", ("age",)),
    ],
)
def test_standard_errors_and_degrees_of_freedom_are_club_sandwich_s(
    name, clusters, more
):
    """CR2 and Satterthwaite, of clinic effects within clinics or patients."""
    X = design(*(VISITS[column] for column in more))
    found = cluster_ols(VISITS["intensified"], X, VISITS[clusters])
    expected = EXPECTED[name]
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-8)
    assert found.se == pytest.approx(expected["se"], rel=1e-7)
    assert found.df == pytest.approx(expected["df"], rel=1e-6)


def test_a_sheet_of_these_visits_gives_the_same():
    """`rounds evaluation analyse --design encounter`, clinics as strata."""
    columns = {
        "outcome": VISITS["intensified"],
        "arm": np.where(VISITS["arm"] == 1, "card", "usual"),
        "cluster": VISITS["patient"].astype(int).astype(str),
        "stratum": VISITS["clinic"].astype(int).astype(str),
    }
    found = analyse_trial(trial_of("encounter", columns), required=())
    expected = EXPECTED["by_patient"]
    assert found.fit.estimate == pytest.approx(expected["estimate"], rel=1e-8)
    assert found.fit.se == pytest.approx(expected["se"], rel=1e-7)
    assert found.fit.df == pytest.approx(expected["df"], rel=1e-6)


def test_the_marginal_model_is_geepack_s():
    """Exchangeable within patients; geepack estimates the correlation by equations of
    its own, so that the last digits differ."""
    X = np.column_stack([VISITS["arm"], np.ones(len(VISITS))])
    found = gee(VISITS["intensified"], X, VISITS["patient"], family="gaussian")
    assert found.estimate == pytest.approx(EXPECTED["geepack"]["estimate"], rel=2e-3)
    assert found.correlation == pytest.approx(
        EXPECTED["geepack"]["correlation"], abs=0.02
    )
