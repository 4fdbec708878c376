"""Deletion residuals and Paule and Mandel's variance: the numbers that others print."""

import numpy as np
import pytest

from rounds.methods.funnels.deletion import deletion_residuals, paule_mandel
from rounds.methods.priors.meta import heterogeneity

# metafor's dat.bcg: tpos, tneg, cpos, cneg.
BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def log_risk_ratios(trials):
    a, b, c, d = np.array(trials, dtype=float).T
    effects = np.log(a / (a + b)) - np.log(c / (c + d))
    return effects, np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


@pytest.mark.parametrize(
    ("estimator", "wanted"),
    [
        ("DL", [0.1394, -1.0279, -0.4796, -1.4694, 1.8682, 0.3783]),
        ("REML", [0.1426, -0.9957, -0.4591, -1.1949, 2.0949, 0.4330]),
    ],
)
def test_deletion_residuals_agree_with_metafor(estimator, wanted):
    """rstudent(rma(yi, vi, data = dat, method = …))$z of the first six trials, log risk
    ratios: as metafor's own tests print them (test_misc_residuals.r; DL in version 1.9,
    REML in 4.8), seen 2026-11-22."""
    found = deletion_residuals(*log_risk_ratios(BCG[:6]), estimator=estimator)
    assert found.z == pytest.approx(wanted, abs=5e-5)
    assert found.z == pytest.approx(found.residual / found.se)


def test_paule_and_mandels_variance_agrees_with_another_program():
    """All thirteen trials: 0.3180, as Metovix' report of its validation against metafor
    4.6 prints the exact solution (gradmeta.com, seen 2026-11-22)."""
    effects, ses = log_risk_ratios(BCG)
    (found,) = paule_mandel(effects, ses)
    assert found == pytest.approx(0.3180, abs=1e-4)
    w = 1 / (ses**2 + found)
    mean = (w * effects).sum() / w.sum()
    assert (w * (effects - mean) ** 2).sum() == pytest.approx(12, abs=1e-9)


def test_with_equal_variances_all_three_estimators_are_one():
    """Then each is the sample variance less the variance within."""
    effects, ses = np.array([0.1, 0.9, 0.4, -0.6]), np.full(4, 0.3)
    wanted = np.var(effects, ddof=1) - 0.09
    assert paule_mandel(effects, ses)[0] == pytest.approx(wanted)
    for estimator in ("DL", "REML"):
        found = heterogeneity(effects, ses, estimator=estimator)
        assert found == pytest.approx(wanted)
