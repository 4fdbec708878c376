"""The same numbers as R's survival, for times until an event.

R 4.2.2 with survival 3.5-3, run on 2026-11-22 on rows that both sides write by formula:
`coxph(Surv(time, event) ~ …)` (Efron's ties), the same with `cluster(g)`, `cox.zph`,
and `summary(survfit(Surv(time, event) ~ arm), rmean = …)$table`. Numbers of shared data
are read where these are at hand.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from rounds.methods.survival.cox import cox
from rounds.methods.survival.kaplan_meier import compare_rmst, kaplan_meier, rmst

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"

COX = {
    "b": (-0.02651009661, -0.34688141346),
    "se": (0.2957537770, 0.4740767448),
    "robust": (0.09524072635, 0.22072940255),
    "zph": (0.2742499026, 0.7784920656, 0.9991979552),
    "loglik": -158.0514186,
}


def tied():
    """Give time, event, arm, covariate, cluster: 60 persons, many ties."""
    i = np.arange(1, 61)
    arm = i % 2
    time = ((i * 37) % 53) // 3 + 1 + 4 * arm * (i % 3 == 0)
    event = (i * i) % 5 != 0
    return time, event, arm, ((i * 17) % 11) / 10, (i - 1) // 5


def untied():
    j = np.arange(1, 41)
    return np.exp(np.sin(j) * 1.3) + j / 100, j % 4 != 0, j % 3 == 0


def test_cox_with_ties_clusters_and_proportionality():
    time, event, arm, x, g = tied()
    fit = cox(time, event, np.column_stack([arm, x]))
    assert fit.coefficients == pytest.approx(COX["b"], rel=1e-7)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(COX["se"], rel=1e-7)
    assert fit.log_likelihood == pytest.approx(COX["loglik"], abs=1e-6)
    found = [*(one.statistic for one in fit.proportionality)]
    found.append(fit.proportionality_of_all)
    assert found == pytest.approx(COX["zph"], rel=1e-7)
    robust = cox(time, event, np.column_stack([arm, x]), g, correction="none")
    assert np.sqrt(np.diag(robust.covariance)) == pytest.approx(COX["robust"], rel=1e-7)


def test_cox_without_ties():
    time, event, arm = untied()
    fit = cox(time, event, arm[:, None])
    assert fit.estimate == pytest.approx(-0.3721326342, rel=1e-7)
    assert fit.se == pytest.approx(0.4302108039, rel=1e-7)
    assert fit.log_likelihood == pytest.approx(-81.43211613, abs=1e-7)
    assert fit.proportionality[0].statistic == pytest.approx(0.118500819, abs=1e-8)


def test_mean_times_and_medians():
    time, event, arm, *_ = tied()
    found = compare_rmst(time, event, arm == 1, 14)
    assert [one.value for one in found.arms] == pytest.approx(
        [9.566666667, 9.887429854]
    )
    assert [one.se for one in found.arms] == pytest.approx([0.7611151663, 0.8788100388])
    curves = [kaplan_meier(time[arm == a], event[arm == a]) for a in (0, 1)]
    assert [(c.median, c.median_lower, c.median_upper) for c in curves] == [
        (10, 7, 14),
        (13, 9, 16),
    ]
    time, event, second = untied()
    found = compare_rmst(time, event, second, 2.5)
    assert [one.value for one in found.arms] == pytest.approx(
        [1.627461829, 1.788664361]
    )
    assert [one.se for one in found.arms] == pytest.approx([0.1657907781, 0.2485705323])
    curve = kaplan_meier(time[second], event[second])
    assert curve.median == pytest.approx(2.478849089)
    assert curve.median_lower == pytest.approx(1.2313621169)
    assert curve.median_upper is None


def test_the_lung_trial_of_the_shared_data():
    if not (SHARED / "lung.csv").exists():
        pytest.skip("shared data absent")
    with (SHARED / "lung.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = json.loads((SHARED / "expected.json").read_text())["cox_lung"]
    names = ("time", "status", "age", "sex", "ph.ecog", "inst")
    time, status, age, sex, ecog, inst = (
        np.array([float("nan" if r[n] == "NA" else r[n]) for r in rows]) for n in names
    )
    event, known = status == 2, ~np.isnan(ecog)
    fit = cox(time[known], event[known], np.column_stack([age, sex, ecog])[known])
    se = np.sqrt(np.diag(fit.covariance))
    wanted = expected["age_sex_ecog"]
    assert fit.coefficients == pytest.approx(wanted["b"], abs=6e-10)
    assert se == pytest.approx(wanted["se"], abs=6e-10)
    assert fit.log_likelihood == pytest.approx(wanted["loglik"], abs=6e-5)
    found = [one.statistic for one in fit.proportionality]
    found.append(fit.proportionality_of_all)
    assert found == pytest.approx(expected["zph_chisq"], abs=6e-6)
    known = ~np.isnan(inst)
    X = np.column_stack([age, sex])[known]
    fit = cox(time[known], event[known], X, inst[known], correction="none")
    se = np.sqrt(np.diag(fit.covariance))
    assert se == pytest.approx(expected["cluster_inst_age_sex_robust_se"], abs=6e-8)
    mean = rmst(time, event, 500)
    assert [mean.value, mean.se] == pytest.approx(expected["rmst500_all"], abs=6e-6)
    curves = [kaplan_meier(time[sex == s], event[sex == s]) for s in (1, 2)]
    medians = [[c.median, c.median_lower, c.median_upper] for c in curves]
    assert medians == expected["median_ci_log"]
