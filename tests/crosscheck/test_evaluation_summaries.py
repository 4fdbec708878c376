"""The step's ratios are the same numbers as R's.

R 4.2.2 (2022-11-10 r83330), run on 2026-11-23, on rows that both sides write by formula:
120 persons of 10 clinics. Risks: `glm(y ~ arm + x, family = binomial)`; rates:
`glm(k ~ arm + x + offset(log(t)), family = poisson)`, and for clinics that count alike
`family = quasipoisson` with `weights` (all `epsilon = 1e-14`); influence functions and
scores summed by `rowsum`, each clinic's divided by sqrt(1 - pmin(0.75, diag(O A))) as
Fay and Graubard have it. Printed to eight decimals.
"""

from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.participants import nobody
from stories import estimands

ROW = np.arange(120)
CLINIC = ROW // 12
ARM = CLINIC % 2 == 1
X = ((ROW * 7) % 11 - 5) / 5
Y = ((ROW * 37 + 11 * CLINIC) % 100) < 30 + 15 * ARM + 8 * X
TIME = 20.0 + (ROW * 13) % 50
K = ((ROW * 29 + 3 * CLINIC) % 17) // 6 + ARM * ((ROW % 3) == 0)

R = {
    ("risk_ratio", "participants"): (0.17568027, 0.09080072),
    ("odds_ratio", "participants"): (0.28471866, 0.13984980),
    ("rate_ratio", "participants"): (0.22403249, 0.04993005),
    ("rate_ratio", "clusters"): (0.22486828, 0.05015000),
}


@pytest.mark.parametrize(("summary", "weighting"), R)
def test_a_ratio_and_its_error_are_those_of_r(summary, weighting):
    """Logarithm of the ratio and its standard error, from participants on."""
    plan = estimands.asked(summary, weighting=weighting)
    plan = plan.model_copy(update={"covariates": ("age",)})
    people = replace(
        nobody(),
        person=ROW.astype(str),
        unit=CLINIC.astype(str),
        clinic=CLINIC.astype(str),
        active=ARM,
        age=X,
        observed=np.ones(120, bool),
        outcome=(K if summary == "rate_ratio" else Y).astype(float),
        time=TIME,
    )
    found = effect(people, plan, plan.primary)
    value, error = R[summary, weighting]
    assert found.fit.estimate == pytest.approx(value, abs=5e-9)
    assert found.fit.se == pytest.approx(error, abs=5e-9)
    assert found.fit.df == 10 - 3
    assert found.estimate.value == pytest.approx(np.exp(value), abs=2e-8)
