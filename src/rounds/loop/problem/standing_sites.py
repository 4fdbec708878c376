"""Sites drawn together, ranked with their doubt, and set against a second measure."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rounds.loop.problem.levels import Cases
from rounds.methods.multilevel.paired_intercepts import paired_intercepts
from rounds.methods.multilevel.ranks import ranks
from rounds.methods.multilevel.shrinkage import sd_interval
from rounds.methods.multilevel.standings import (
    Standings,
    differing,
    expected_events,
    standings,
)
from rounds.nouns import Estimate, NotEstimable, Standing, UnitResult

__all__ = [
    "FALSE_DISCOVERY_RATE",
    "correlation_of",
    "drawn_together",
    "shrunken",
    "standing_sites",
]

FALSE_DISCOVERY_RATE = 0.05
_FEWEST = 5


def drawn_together(
    cases: Cases, *, rng: np.random.Generator
) -> Standings | NotEstimable:
    """Give each site the mix of patients of all, and draw its proportion.

    Parameters
    ----------
    cases : Cases
        Of one measure.
    rng : numpy.random.Generator
        For the posterior's draws.

    Returns
    -------
    Standings or NotEstimable
        Units are places in `cases.sites`.
    """
    if len(cases.sites) < _FEWEST:
        return NotEstimable(
            reason=f"{len(cases.sites)} sites are too few to draw together; at least "
            f"{_FEWEST} are needed."
        )
    if not 0 < cases.events.sum() < cases.trials.sum():
        return _alike(f"{len(cases.sites)} sites that may be told")
    try:
        return standings(*_rows(cases), rng=rng)
    except ValueError as error:
        return NotEstimable(reason=f"Sites cannot be drawn together: {error}.")


def standing_sites(
    cases: Cases,
    found: Standings,
    balancing: Mapping[str, UnitResult],
    *,
    more_is_better: bool,
) -> tuple[Standing, ...]:
    """Rank the sites, and say which differ from what is expected of their patients.

    Parameters
    ----------
    cases : Cases
        Of the measure.
    found : Standings
        As `drawn_together` gives them.
    balancing : mapping of str to UnitResult
        Each site's shrunken value of the balancing measure; empty without one.
    more_is_better : bool
        Whether the measure counts what is wanted.

    Returns
    -------
    tuple of Standing
        With exact counts; by rank, then by name.
    """
    order = ranks(found.draws, more_is_better=more_is_better)
    observed, expected, variance = expected_events(*_rows(cases))
    called = differing(observed, expected, variance)
    sites = [
        Standing(
            site=unit,
            balancing=balancing.get(unit.unit),
            rank=int(order.rank[i]),
            rank_lower=int(order.lower[i]),
            rank_upper=int(order.upper[i]),
            differs="no"
            if called.q_value[i] > FALSE_DISCOVERY_RATE
            else "high"
            if called.z[i] > 0
            else "low",
        )
        for i, unit in enumerate(shrunken(cases, found))
    ]
    return tuple(sorted(sites, key=lambda one: (one.rank or 0, one.site.unit)))


def shrunken(cases: Cases, found: Standings) -> list[UnitResult]:
    """Give each site's counts with its shrunken value and interval."""
    n = np.bincount(cases.site, weights=cases.trials)
    x = np.bincount(cases.site, weights=cases.events)
    return [
        UnitResult(
            unit=name,
            denominator=int(n[i]),
            numerator=int(x[i]),
            value=float(found.value[i]),
            lower=float(found.lower[i]),
            upper=float(found.upper[i]),
        )
        for i, name in enumerate(cases.sites)
    ]


def correlation_of(first: Cases, second: Cases) -> Estimate | NotEstimable:
    """Say how the sites' effects on two measures go together.

    Parameters
    ----------
    first, second : Cases
        Of the two measures; sites that have patients of both take part.

    Returns
    -------
    Estimate or NotEstimable
        The correlation of the effects, within −1 and 1; not estimable with fewer than
        five sites, or where sites are not shown to differ on both measures.
    """
    both = [name for name in first.sites if name in set(second.sites)]
    if len(both) < _FEWEST:
        return NotEstimable(
            reason=f"{len(both)} sites have patients of both measures; at least "
            f"{_FEWEST} are needed."
        )
    if any(not 0 < one.events.sum() < one.trials.sum() for one in (first, second)):
        return _alike(f"{len(both)} sites that may be told on both measures")
    try:
        counts = [_of_sites(cases, both) for cases in (first, second)]
        for (x, n, _), which in zip(counts, ("first", "second"), strict=True):
            if sd_interval(x, n)[0] < 1e-3:
                return NotEstimable(
                    reason=f"Sites are not shown to differ on the {which} of the two "
                    "measures, so it cannot be told how differences go together."
                )
        found = paired_intercepts(
            counts[0][:2], counts[1][:2], offsets=(counts[0][2], counts[1][2])
        )
    except ValueError as error:
        return NotEstimable(reason=f"The two cannot be set side by side: {error}.")
    return Estimate(
        value=found.correlation,
        lower=found.lower,
        upper=found.upper,
        scale="index",
        n=int(counts[0][1].sum()),
        estimand="Correlation of the sites' effects on the two measures",
        method="Bivariate random-intercept logistic model, binomial counts, with the "
        "mix of patients as an offset; profile likelihood",
    )


def _alike(where: str) -> NotEstimable:
    return NotEstimable(
        reason=f"In the {where} every patient had the same result, so that nothing can "
        "be told of differences."
    )


def _rows(
    cases: Cases,
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.float64] | None,
]:
    mix = cases.mix if cases.mix.shape[1] else None
    return cases.events, cases.trials, cases.site, mix


def _of_sites(
    cases: Cases, names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give events, patients, and by how much the log odds expected of them differ."""
    x, expected, _ = expected_events(*_rows(cases))
    n = np.asarray(np.bincount(cases.site, weights=cases.trials), dtype=float)
    overall = float(x.sum() / n.sum())
    p = expected / n
    offset = np.log(p / (1 - p)) - np.log(overall / (1 - overall))
    chosen = [cases.sites.index(name) for name in names]
    return x[chosen], n[chosen], offset[chosen]
