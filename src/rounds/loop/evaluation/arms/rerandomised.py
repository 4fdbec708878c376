"""What else could have been allocated? A look beside the estimate, that no model needs.

Of matched pairs every pair could have been the other way round; of a constrained
allocation the others of its set, drawn anew where they cannot all be listed: which
are in the set is public once the rollout is, so no seed is read here. Of visits the
blocks of each stratum are drawn anew, in the order in which the visits came.
"""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.checks.drawn import Basis
from rounds.loop.evaluation.estimates.effects import covariate_columns
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.methods.allocations.constrained_allocations import (
    all_allocations,
    drawn_allocations,
    imbalance,
    n_allocations,
)
from rounds.methods.allocations.drawn_blocks import blocks_test
from rounds.methods.clusters.permutation import permutation
from rounds.nouns import Protocol, RandomisationTest, Rollout

__all__ = ["rerandomised"]

MOST_CANDIDATES = 50_000
DRAWS = 999
"""Of the blocks of visits."""
_SEED = 20_250_106
"""Public and fixed: the same evaluation gives the same p-value."""


def rerandomised(
    people: Participants,
    protocol: Protocol,
    rollout: Rollout,
    allocation: Allocation,
    basis: Basis,
) -> RandomisationTest | None:
    """Compare the primary effect with the allocations that could have been drawn.

    Returns
    -------
    RandomisationTest or None
        None of other allocations, or where the data cannot give one.
    """
    if people.time is not None:
        return None  # the statistic is a difference of means, which times are not
    known = people.where(people.observed)
    if protocol.unit_of_randomisation == "encounter":
        return _visits(known, protocol, rollout, allocation)
    if protocol.allocation not in ("matched_pairs", "covariate_constrained"):
        return None
    names, codes = np.unique(known.clinic, return_inverse=True)
    if len(names) < 2:
        return None
    arms = np.array([allocation[str(name)][0] == "active" for name in names])
    paired = protocol.allocation == "matched_pairs"
    strata = np.array([allocation[str(name)][1] for name in names])
    columns = covariate_columns(known, protocol.covariates)
    try:
        found = permutation(
            known.outcome,
            codes,
            arms.astype(int),
            rng=np.random.default_rng(_SEED),
            strata=strata if paired else None,
            adjust=None if paired or not columns else np.column_stack(columns),
            among=None if paired else _set(rollout, allocation, basis, names),
        )
    except ValueError:
        return None  # nothing else could have been, or nothing varies
    return RandomisationTest(
        p_value=found.p_value,
        n_allocations=found.n_allocations,
        is_exact=found.is_exact and (paired or _all_listed(rollout)),
    )


def _visits(
    known: Participants, protocol: Protocol, rollout: Rollout, allocation: Allocation
) -> RandomisationTest | None:
    """Draw the blocks of visits anew: no outcome depends on any visit's arm, if so."""
    place: dict[str, int] = {}
    drawn_in: dict[str, int] = {}
    for unit, (_, stratum) in allocation.items():
        place[unit] = drawn_in.get(stratum, 0)
        drawn_in[stratum] = place[unit] + 1
    columns = covariate_columns(known, protocol.covariates)
    try:
        p_value = blocks_test(
            known.outcome,
            known.active,
            known.stratum,
            np.array([place[str(unit)] for unit in known.unit], dtype=np.intp),
            np.column_stack([np.ones(len(known)), *columns]),
            block_sizes=rollout.design.block_sizes,
            draws=DRAWS,
            rng=np.random.default_rng(_SEED),
        )
    except ValueError:
        return None  # nothing varies
    return RandomisationTest(p_value=p_value, n_allocations=DRAWS + 1, is_exact=False)


def _all_listed(rollout: Rollout) -> bool:
    return rollout.constrained_set is not None and rollout.constrained_set.all_listed


def _set(
    rollout: Rollout, allocation: Allocation, basis: Basis, seen: NDArray[np.str_]
) -> NDArray[np.bool_]:
    """List the constrained set, for the clinics that enrolled anybody."""
    units = sorted(allocation)
    strata = np.array([allocation[unit][1] for unit in units])
    table = [[float(basis[u][name]) for name in rollout.design.balances] for u in units]
    if n_allocations(strata) <= MOST_CANDIDATES:
        candidates = all_allocations(strata)
    else:
        shape = (MOST_CANDIDATES, len(units) + len(np.unique(strata)))
        numbers = np.random.default_rng(_SEED).integers(0, 2**63, shape, dtype="uint64")
        candidates = drawn_allocations(strata, numbers)
    assert rollout.constrained_set is not None  # or the sample ratio has sealed
    highest = rollout.constrained_set.highest_score
    admitted = candidates[imbalance(candidates, table) <= highest]
    chosen: NDArray[np.bool_] = admitted[:, np.searchsorted(units, seen)]
    return chosen
