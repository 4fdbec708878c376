"""Each parallel design's analysis, as R's clubSandwich and sandwich have it.

`frozen/designs.R` writes the rows by formula, and its numbers to the JSON beside it,
with the versions of R and of the packages, and the day it was run. Here the columns and
the clusters are those that the evaluation's designs take.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rounds.loop.evaluation.designs import ALLOCATED, DESIGNS
from rounds.methods.clusters.least_squares import cluster_ols

R = json.loads((Path(__file__).parent / "frozen" / "designs.json").read_text())
SIZES = 6 + np.arange(1, 13) * 5 % 7
CLINIC = np.repeat(np.arange(1, 13), SIZES)
PATIENT = np.concatenate([np.arange(1, n + 1) for n in SIZES])
PAIR = (CLINIC + 1) // 2
OF_CLINIC = (CLINIC + PAIR) % 2
OF_PATIENT = (PATIENT * PATIENT + CLINIC) % 3 // 2
LEVEL = CLINIC * 7 % 5 / 4 + (PATIENT * 13 + CLINIC * 5) % 17 / 8
FACTORS = (PATIENT // 2 % 2, PATIENT * 7 % 5)
CASES = {
    "clinics": (DESIGNS["clinic"], OF_CLINIC, (CLINIC <= 6,)),
    "pairs": (
        ALLOCATED["matched_pairs"],
        OF_CLINIC,
        tuple(one == PAIR for one in range(2, 7)),
    ),
    "constrained": (
        ALLOCATED["covariate_constrained"],
        OF_CLINIC,
        (CLINIC * 5 % 7, CLINIC * 3 % 5 / 10),
    ),
    "minimised": (ALLOCATED["minimisation"], OF_PATIENT, FACTORS),
    "patients": (DESIGNS["patient"], OF_PATIENT, FACTORS),
}


@pytest.mark.parametrize("name", CASES)
def test_estimate_error_and_degrees_of_freedom_are_r_s(name):
    """CR2 with Satterthwaite's; of patients in three clinics HC2, with n less rank."""
    design, arm, covariates = CASES[name]
    kept = CLINIC <= 3 if name == "patients" else np.ones(len(CLINIC), bool)
    people = SimpleNamespace(
        clinic=CLINIC[kept].astype(str),
        stratum=PAIR[kept].astype(str),
    )
    X = np.column_stack([arm, np.ones(len(arm)), *covariates])[kept].astype(float)
    y = (0.4 * arm + LEVEL)[kept]
    found = cluster_ols(y, X, design.clusters(people))
    ours = [found.estimate, found.se, found.df]
    assert ours == pytest.approx(R[name], rel=1e-6)
