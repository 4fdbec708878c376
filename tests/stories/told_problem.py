"""A problem made by hand: forty clinics, two of them small; and one of tiny sites."""

import datetime as dt

import numpy as np

from rounds.methods.funnels.funnel import funnel
from rounds.methods.proportion import wilson
from rounds.nouns import (
    Aim,
    CaseMix,
    ChartPoint,
    Community,
    ControlChart,
    Difference,
    Estimate,
    Member,
    NotEstimable,
    Period,
    Problem,
    Ref,
    UnitResult,
    Variation,
    Waiver,
)

DAY = dt.date
PERIOD = Period(start=DAY(2024, 1, 8), end=DAY(2025, 1, 5))
MEASURE = Ref(name="measure/blood-pressure-control", version="1", hash="a" * 64)


def ref(name):
    return Ref(name=name, version="1", hash="b" * 64)


def estimate(value, lower, upper, n=None, scale="risk_difference", **more):
    return Estimate(value=value, lower=lower, upper=upper, n=n, scale=scale, **more)


def unit(name, numerator, denominator):
    value, lower, upper = wilson([numerator], [denominator])
    return UnitResult(
        unit=name,
        numerator=int(numerator),
        denominator=int(denominator),
        value=float(value[0]),
        lower=float(lower[0]),
        upper=float(upper[0]),
    )


def sites(seed=3, n=40):
    rng = np.random.default_rng(seed)
    sizes = rng.lognormal(5.2, 0.7, n).astype(int) + 30
    rates = 1 / (1 + np.exp(-(0.35 + 0.28 * rng.standard_normal(n))))
    rates[4], rates[11], rates[20] = 0.2, 0.42, 0.83
    return sizes, rng.binomial(sizes, rates)


def months(n=18, centre=0.585, jump=None, seed=5):
    rng = np.random.default_rng(seed)
    points = []
    for i in range(n):
        size = int(rng.integers(900, 1400))
        p = centre + (jump if jump and i > 6 else 0.0) + 0.012 * rng.standard_normal()
        half = 3 * np.sqrt(centre * (1 - centre) / size)
        signal = "none"
        if p > centre + half or p < centre - half:
            signal = "beyond_limits"
        points.append(
            ChartPoint(
                label=f"{2023 + (6 + i) // 12}-{(6 + i) % 12 + 1:02d}",
                denominator=size,
                value=p,
                lower=centre - half,
                upper=centre + half,
                signal=signal,
            )
        )
    return tuple(points)


def problem():
    sizes, successes = sites()
    found = funnel(successes, sizes)
    names = [f"Clinic {i + 1:02d}" for i in range(len(sizes))]
    units = tuple(
        unit(name, x, n) for name, x, n in zip(names, successes, sizes, strict=True)
    )
    units += (
        UnitResult(unit="Clinic 41", suppressed=True),
        UnitResult(unit="Clinic 42", suppressed=True),
    )
    units = tuple(
        one
        if one.suppressed
        else one.model_copy(
            update={
                "expected": 0.58 * one.denominator,
                "observed_to_expected": one.value / 0.58,
                "observed_to_expected_lower": 0.9 * one.value / 0.58,
                "observed_to_expected_upper": 1.1 * one.value / 0.58,
            }
        )
        for one in units
    )
    points = months()
    points = (
        *points[:7],
        points[7].model_copy(update={"value": 0.66, "signal": "beyond_limits"}),
        *points[8:],
    )
    points = (
        *points[:12],
        points[12].model_copy(update={"value": 0.52, "signal": "beyond_limits"}),
        *points[13:],
    )
    return Problem(
        name="hypertension-control",
        title="High blood pressure is left uncontrolled too often",
        statement="I take my pills, but each time they check, it is too high, and no one changes a thing.",
        measure=MEASURE,
        period=PERIOD,
        units=units,
        baseline=estimate(0.585, 0.574, 0.596, 9120, "proportion", method="Wilson"),
        variation=Variation(
            n_units=40,
            target=found.target,
            phi=found.phi,
            tau2=found.tau2,
            icc=0.021,
            median_odds_ratio=1.31,
            outliers_low=tuple(np.array(names)[found.low]),
            outliers_high=tuple(np.array(names)[found.high]),
        ),
        case_mix=CaseMix(
            adjusted_for=("age", "sex"),
            c_statistic=estimate(0.61, 0.6, 0.62, 9120, "index"),
            calibration_error=0.012,
            tau2=0.0004,
            outliers_low=("Clinic 03", "Clinic 05"),
        ),
        chart=ControlChart(
            title="Blood pressure under control, by month",
            chart="p_prime",
            centre_line=0.585,
            points=points,
            note="Patients seen in the month, by their last eligible reading. Not the twelve-month measure: overlapping windows would make false signals.",
        ),
        differences=(
            Difference(
                characteristic="sex",
                groups=(unit("F", 2800, 4700), unit("M", 2535, 4420)),
                gap=estimate(-0.022, -0.042, -0.002, 9120),
            ),
            Difference(
                characteristic="svi_quartile",
                groups=tuple(
                    unit(f"SVI quartile {q}", x, n)
                    for q, x, n in (
                        (1, 1500, 2300),
                        (2, 1390, 2280),
                        (3, 1300, 2270),
                        (4, 1145, 2270),
                    )
                ),
                gap=estimate(-0.148, -0.176, -0.120, 9120),
            ),
            Difference(
                characteristic="age",
                gap=NotEstimable(
                    reason="One age group alone has more than 10 patients."
                ),
            ),
        ),
        gap_to_best=estimate(742, 610, 880, 9120, "count"),
        aim=Aim(measure="blood-pressure-control", target=0.7, by=DAY(2026, 1, 5)),
        owner="Dr Ada Mensah",
        community=ref("community/hypertension"),
        limitations=(
            "Patients without a reading in the period fail the measure; they may be controlled.",
        ),
    )


def community():
    return Community(
        name="hypertension",
        members=(
            Member(name="Rosa Pinto", role="patient_partner"),
            Member(name="Sam Okafor", role="clinician"),
        ),
        waivers=(
            Waiver(
                role="sponsor",
                reason="a made health system has none",
                waived_by="The demo",
            ),
        ),
    )


def tiny_problem():
    """Seventy-nine small sites: what a problem looks like where little can be told."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 7, 79)
    units = [
        unit(f"PRACTICE {i:03d} INC", rng.binomial(n, 0.6), n)
        for i, n in enumerate(sizes)
    ]
    units[0] = unit("MASSACHUSETTS GENERAL HOSPITAL", 24, 41)
    n = sum(u.denominator for u in units)
    x = sum(u.numerator for u in units)
    whole = unit("all", x, n)
    reason = "Only 1 of 79 sites has more than 10 patients: sites cannot be told from chance."
    return Problem(
        name="hypertension-control",
        title="Is high blood pressure controlled?",
        measure=MEASURE,
        period=PERIOD,
        units=tuple(units),
        baseline=estimate(whole.value, whole.lower, whole.upper, n, "proportion"),
        variation=NotEstimable(reason=reason),
        chart=NotEstimable(reason="No month has more than 10 patients."),
        differences=(
            Difference(
                characteristic="svi_quartile",
                gap=NotEstimable(
                    reason="The datamart holds no social vulnerability index."
                ),
            ),
        ),
        gap_to_best=NotEstimable(reason=reason),
        aim=Aim(measure="blood-pressure-control", target=0.7, by=DAY(2026, 1, 5)),
        owner="not yet named",
        community=ref("community/hypertension"),
        limitations=(f"{n} patients in the denominator: the interval is wide.",),
    )
