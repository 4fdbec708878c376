"""How far units differ beyond chance, and what is left to gain."""

from collections.abc import Sequence

import numpy as np

from rounds.methods.funnels.funnel import funnel
from rounds.methods.multilevel.shrinkage import (
    median_odds_ratio,
    random_intercept,
    sd_interval,
)
from rounds.methods.opportunity import Others, gap_to_best
from rounds.methods.proportion import wilson
from rounds.nouns import Estimate, NotEstimable, UnitResult, Variation

__all__ = ["gain", "small_units", "spread", "with_intervals"]

_FEWEST_UNITS = 5
_WIDE = 1.5
"""A median odds ratio above this would matter; where the data can neither show a
difference nor exclude one so large, nothing can be told."""


def with_intervals(units: Sequence[UnitResult]) -> tuple[UnitResult, ...]:
    """Give each unit its proportion and Wilson interval."""
    some = [unit for unit in units if unit.denominator]
    if not some:
        return ()
    value, lower, upper = wilson(*_counts(some))
    return tuple(
        unit.model_copy(
            update={"value": float(v), "lower": float(a), "upper": float(b)}
        )
        for unit, v, a, b in zip(some, value, lower, upper, strict=True)
    )


def spread(units: Sequence[UnitResult]) -> Variation | NotEstimable:
    """Measure how far units differ beyond chance, or say that it cannot be told.

    Parameters
    ----------
    units : sequence of UnitResult
        Exact counts by care site.

    Returns
    -------
    Variation or NotEstimable
        NotEstimable with fewer than five units, with no event or nothing but events,
        or where the 95% interval of the between-unit variance holds both 0 and a
        difference that would matter.
    """
    some = _compared(units)
    x, n = _counts(some)
    if (n > 1).sum() < _FEWEST_UNITS:
        return NotEstimable(
            reason=f"{(n > 1).sum()} sites with two or more patients are too few to "
            f"compare; at least {_FEWEST_UNITS} are needed."
        )
    if not 0 < x.sum() < n.sum():
        which = "None" if not x.sum() else "All"
        return NotEstimable(
            reason=f"{which} of {_many(n.sum())} patients, in {n.size} sites, met the "
            "measure, so nothing can be told about differences between sites."
        )
    lower, upper = sd_interval(x, n)
    mor_lower, mor_upper = median_odds_ratio(lower), median_odds_ratio(upper)
    if lower == 0 and mor_upper > _WIDE:
        return NotEstimable(reason=_too_little(n, mor_upper))
    fit = random_intercept(x, n)
    plot = funnel(x, n)
    names = np.array([unit.unit for unit in some])
    return Variation(
        n_units=len(some),
        target=plot.target,
        phi=plot.phi,
        tau2=plot.tau2,
        icc=fit.icc,
        sd=fit.sd,
        median_odds_ratio=fit.median_odds_ratio,
        median_odds_ratio_lower=min(mor_lower, fit.median_odds_ratio),
        median_odds_ratio_upper=max(mor_upper, fit.median_odds_ratio),
        outliers_low=tuple(names[plot.low].tolist()),
        outliers_high=tuple(names[plot.high].tolist()),
    )


def gain(
    units: Sequence[UnitResult],
    variation: Variation | NotEstimable,
    *,
    more_is_better: bool,
    rng: np.random.Generator,
    others: Others | None = None,
) -> Estimate | NotEstimable:
    """Estimate how many more patients would do well were every unit like the best.

    Parameters
    ----------
    units : sequence of UnitResult
        Exact counts by care site.
    variation : Variation or NotEstimable
        What `spread` said of the same units.
    more_is_better : bool
        Whether the numerator counts what is wanted.
    rng : numpy.random.Generator
        For the posterior's draws.
    others : Others, optional
        Further sites, of which only the sums may be told.

    Returns
    -------
    Estimate or NotEstimable
        A count of patients in the period.
    """
    if isinstance(variation, NotEstimable):
        return NotEstimable(
            reason="The gap to the best quarter of sites rests on how far sites "
            f"differ, and that cannot be told. {variation.reason}"
        )
    x, n = _counts(_compared(units))
    well = x if more_is_better else n - x
    found = gap_to_best(well, n, rng=rng, others=others)
    return Estimate(
        value=found.value,
        lower=found.lower,
        upper=found.upper,
        scale="count",
        unit="{patients}",
        n=int(n.sum()) + (others.total if others else 0),
        estimand="Patients who would do well were every site like the best quarter",
        method=(
            "Random-intercept logistic model; median and central 95% of draws from "
            "the posterior of the sites' true proportions"
        ),
    )


def small_units(units: Sequence[UnitResult]) -> str | None:
    """Say how little small units tell, if most are small."""
    n = _counts(_compared(units))[1]
    if not n.size or np.median(n) >= 30:
        return None
    return (
        f"{n.size} sites with a median of {_many(np.median(n))} patients: a single "
        "site's figure tells next to nothing, and a league table would be noise."
    )


def _too_little(n: np.ndarray, upper: float) -> str:
    return (
        f"{n.size} sites, median {_many(np.median(n))} patients: the 95% interval of "
        "the between-site variance includes 0 and reaches a median odds ratio of "
        f"{upper:.1f}, so nothing can be told about differences between sites."
    )


def _counts(units: Sequence[UnitResult]) -> tuple[np.ndarray, np.ndarray]:
    x = np.array([unit.numerator or 0 for unit in units], dtype=float)
    return x, np.array([unit.denominator or 0 for unit in units], dtype=float)


def _compared(units: Sequence[UnitResult]) -> list[UnitResult]:
    """Give the units that have anyone to count; `(no site)` is not one."""
    return [
        unit for unit in units if unit.denominator and not unit.unit.startswith("(")
    ]


def _many(n: float) -> str:
    """Write a number of patients; sentences are published, so small ones stay vague."""
    return f"{n:.0f}" if n > 10 else "1–10"
