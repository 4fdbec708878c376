"""The same numbers as R, for complier averages and standardised risks.

R 4.2.2 on rows that both sides write by formula, run on 2026-11-22. Complier average:
AER 1.2-10 `ivreg(y ~ d + x | arm + x)` with clubSandwich `vcovCR(type = "CR2")`, the
first stage by `lm` and `coef_test`, Anderson and Rubin's ends by `uniroot` over
`coef_test(lm(I(y - t * d) ~ arm + x))`. Standardised risks: `glm(quasibinomial,
weights)` (epsilon 1e-14), `cov.unscaled`, and influence functions summed by `rowsum`.
"""

import numpy as np
import pytest

from rounds.methods.clusters.gee import gee
from rounds.methods.estimands.complier_average import complier_average
from rounds.methods.estimands.multiplicity import adjust
from rounds.methods.estimands.rubin import pool_imputations
from rounds.methods.estimands.standardised_risk import standardised_risk

I = np.arange(1, 97)  # noqa: E741 -- as the script in R has it
X = ((I * 37) % 11) / 10


def test_a_complier_average_in_clusters():
    g = (I - 1) // 8
    arm = g % 2
    received = ((I * I * 7919 + g * 31) % 101 < 15 + 55 * arm).astype(float)
    y = 0.7 * received + X + ((I * 53) % 17) / 8 + (g % 3) / 4
    design = np.column_stack([arm, np.ones(96), X])
    found = complier_average(y, received, design, g)
    assert found.estimate == pytest.approx(0.85447902609, rel=1e-9)
    assert found.se == pytest.approx(0.19685398447, rel=1e-9)
    assert found.df == pytest.approx(10.00046892, rel=1e-8)
    assert found.first_stage == pytest.approx(0.62624548828, rel=1e-9)
    assert found.first_stage_f == pytest.approx(86.233425766, rel=1e-8)
    assert found.p_value == pytest.approx(0.0017595938929, rel=1e-7)
    assert (found.lower, found.upper) == pytest.approx(
        (0.42167129775, 1.3261332485), rel=1e-8
    )


@pytest.mark.parametrize(
    ("clustered", "target", "risks", "difference", "ratio"),
    [
        (
            True,
            "persons",
            (0.51493329802, 0.67170936638),
            (0.15677606836, 0.10487792821),
            (0.26578838259, 0.19409671018),
        ),
        (
            False,
            "persons",
            (0.51493329802, 0.67170936638),
            (0.15677606836, 0.10200058504),
            (0.26578838259, 0.18381616957),
        ),
        (
            True,
            "clusters",
            (0.49140985862, 0.66511075690),
            (0.17370089829, 0.11200368434),
            (0.30267505633, 0.21724170416),
        ),
    ],
)
def test_standardised_risks(clustered, target, risks, difference, ratio):
    g = np.repeat(np.arange(10), (5, 14, 8, 11, 6, 13, 9, 12, 7, 11))
    arm = g % 2
    y = ((I * I * 17 + 3 * g) % 23 < 7 + 6 * arm + 5 * X).astype(float)
    design = np.column_stack([arm, np.ones(96), X])
    asked = {"clusters": g if clustered else None, "target": target}
    found = standardised_risk(y, design, **asked, corrected=False)
    assert found.risks == pytest.approx(risks, rel=1e-8)
    assert (found.estimate, found.se) == pytest.approx(difference, rel=1e-8)
    found = standardised_risk(y, design, **asked, ratio=True, corrected=False)
    assert (np.log(found.estimate), found.se) == pytest.approx(ratio, rel=1e-8)


def test_rates_with_time_at_risk():
    """`glm(poisson, offset = log(t))`, sandwich 3.0-2 `vcovCL(HC0, cadj = FALSE)`."""
    g = np.repeat(np.arange(10), (5, 14, 8, 11, 6, 13, 9, 12, 7, 11))
    arm = g % 2
    time = 0.5 + ((I * 29) % 13) / 6
    y = (I * I * 13 + 5 * g) % 5 + np.where(arm == 1, I % 3, 0)
    design = np.column_stack([arm, np.ones(96), X])
    asked = {"family": "poisson", "exchangeable": False, "correction": "none"}
    found = gee(y, design, g, offset=np.log(time), **asked)
    assert found.coefficients == pytest.approx(
        (0.378463013563, 0.336018505306, -0.069670377173), rel=1e-9
    )
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(
        (0.045720325953, 0.180734840224, 0.318322211859), rel=1e-8
    )
    found = gee(y, design[:, :2] * time[:, None], g, link="identity", **asked)
    assert found.coefficients == pytest.approx((0.62642107533, 1.34853420195))
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(
        (0.065300676317, 0.054267987039), rel=1e-7
    )


@pytest.mark.parametrize(
    ("complete", "df", "missing"),
    [(29, 20.416758801, 0.23961851631), (np.inf, 211.04854229, 0.17637866805)],
)
def test_pooling_of_imputations(complete, df, missing):
    """Mice 3.15.0: `pool.scalar(q, u, n = 31, k = 2)`, and the same without n and k."""
    q = (0.512, 0.634, 0.447, 0.581, 0.702, 0.498, 0.555)
    se = (0.21, 0.19, 0.23, 0.2, 0.18, 0.22, 0.205)
    found = pool_imputations(q, se, complete)
    assert found.estimate == pytest.approx(0.56128571429, rel=1e-10)
    assert found.within == pytest.approx(0.042275, rel=1e-10)
    assert found.between == pytest.approx(0.0075019047619, rel=1e-10)
    assert found.se**2 == pytest.approx(0.050848605442, rel=1e-10)
    assert found.df == pytest.approx(df, rel=1e-10)
    assert found.fraction_missing == pytest.approx(missing, rel=1e-10)


def test_adjusted_p_values():
    """`p.adjust(p, "holm")` and `p.adjust(p, "hochberg")`."""
    p = (0.01, 0.04, 0.03, 0.005, 0.2, 0.03)
    assert adjust(p, "holm") == pytest.approx((0.05, 0.12, 0.12, 0.03, 0.20, 0.12))
    assert adjust(p, "hochberg") == pytest.approx((0.05, 0.08, 0.08, 0.03, 0.2, 0.08))
