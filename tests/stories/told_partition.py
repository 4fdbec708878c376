"""A variance partition made by hand: three levels, thirty sites, two of them hidden."""

import numpy as np

from rounds.nouns import (
    Estimate,
    LevelVariance,
    NotEstimable,
    Ref,
    Standing,
    UnitResult,
    VariancePartition,
)
from stories.told_problem import PERIOD


def ref(name):
    return Ref(name=f"measure/{name}", version="1", hash="c" * 64)


def estimate(value, lower, upper, scale="proportion"):
    return Estimate(value=value, lower=lower, upper=upper, scale=scale, n=2400)


def levels(model, *, change=None):
    def level(name, n_units, shares, odds):
        return LevelVariance(
            level=name, model=model, n_units=n_units, share=estimate(*shares),
            median_odds_ratio=estimate(*odds, scale="odds_ratio"), explained=change,
        )  # fmt: skip

    few = NotEstimable(reason="Sites lie in 2 regions: at least 5 are needed.")
    return (
        LevelVariance(level="region", model=model, share=few),
        level("site", 30, (0.06, 0.03, 0.11), (1.55, 1.35, 1.88)),
        level("clinician", 96, (0.03, 0.01, 0.06), (1.36, 1.19, 1.55)),
        LevelVariance(level="patient", model=model, share=estimate(0.91, 0.86, 0.95)),
    )


def unit(name, size, met, value, half):
    return UnitResult(
        unit=name, denominator=size, numerator=met, value=value,
        lower=max(value - half, 0.0), upper=min(value + half, 1.0),
    )  # fmt: skip


def partition(*, balancing=True):
    """Give the partition; its second measure is rarer."""
    rng = np.random.default_rng(2)
    values = np.sort(rng.normal(0.62, 0.06, 28))[::-1]
    beside = 0.2 + 0.4 * (values - 0.62) + rng.normal(0, 0.02, 28)
    sites = [
        Standing(
            site=unit(f"Clinic {i + 1:02d}", 80, round(80 * v), float(v), 0.08),
            balancing=unit(f"Clinic {i + 1:02d}", 100, round(100 * b), float(b), 0.05)
            if balancing
            else None,
            rank=i + 1,
            rank_lower=max(i - 5, 1),
            rank_upper=min(i + 8, 28),
            differs="high" if i < 2 else "low" if i > 25 else "no",
        )
        for i, (v, b) in enumerate(zip(values, beside, strict=True))
    ]
    sites += [
        Standing(site=UnitResult(unit=f"Clinic {i}", suppressed=True)) for i in (29, 30)
    ]
    change = estimate(0.31, 0.08, 0.52, scale="index")
    return VariancePartition(
        name="blood-pressure-control-and-abdominal-ct-use",
        title="Blood pressure control among adults with hypertension",
        measure=ref("blood-pressure-control"),
        balancing=ref("abdominal-ct-use") if balancing else None,
        period=PERIOD,
        overall=estimate(0.62, 0.60, 0.64),
        balancing_overall=estimate(0.2, 0.18, 0.22) if balancing else None,
        levels=(
            *levels("crude"),
            *levels("case_mix", change=change),
            *levels("case_mix_and_site", change=change),
        ),
        sites=tuple(sites),
        correlation=estimate(0.7, 0.2, 0.93, scale="index") if balancing else None,
        target=0.75,
        limitations=("No rank is certain.",),
    )
