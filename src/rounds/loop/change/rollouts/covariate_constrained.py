"""Covariate-constrained: one at random of the allocations that balance best.

Candidates are all allocations that halve every stratum where there are at most 50,000,
else as many are drawn: SHAKE-256 of the seed gives every unit of every candidate a
number, and those with the lower half are `active`. The candidates whose l2 imbalance is
among the best `constrained_fraction` are admitted; HMAC-SHA256, keyed with the seed,
over `rounds.covariate-constrained.1`, picks one of them.

Two things are refused. Under 40 admitted, no test over them could reach 0.05 from both
sides. And where the constraint leaves two clinics always in one arm, or never, chance
no longer tells these two apart.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rounds.loop.change.rollouts.draws import below, chance, numbers
from rounds.loop.change.rollouts.known_units import Allocated, Known, characteristics
from rounds.methods.allocations.constrained_allocations import (
    admitted_up_to,
    all_allocations,
    drawn_allocations,
    imbalance,
    n_allocations,
    together,
)
from rounds.nouns import ConstrainedSet, DefinitionError
from rounds.practice import Assignment

__all__ = ["CovariateConstrained"]

MOST_CANDIDATES = 50_000
"""As R's cvcrand draws."""
FEWEST_ADMITTED = 40
"""An allocation and its mirror image score alike: 2 in 40 is the least two-sided p."""
_LABEL = "rounds.covariate-constrained.1"


class CovariateConstrained:
    """An allocation of known units for one seed.

    Parameters
    ----------
    seed : bytes, shape (32,)
    balanced_on : sequence of str
        What is balanced between the arms.
    fraction : float
        Of the candidates, the best-balanced part that is admitted, in (0, 1].
    """

    def __init__(
        self, seed: bytes, balanced_on: Sequence[str], fraction: float
    ) -> None:
        self._seed = seed
        self._names = tuple(balanced_on)
        self._fraction = fraction

    def __repr__(self) -> str:
        return f"<CovariateConstrained on {', '.join(self._names)}>"

    def assign(self, units: Mapping[str, str], known: Known) -> Allocated:
        """Allocate units, half of each stratum to either arm.

        Parameters
        ----------
        units : dict
            Unit → stratum.
        known : dict
            Unit → name → number.

        Raises
        ------
        DefinitionError
            If a number is missing, nothing varies between units, or the constrained
            set is too small or too rigid to be called random.
        """
        names = sorted(units)
        strata = np.array([units[name] for name in names])
        covariates = characteristics(names, known, self._names)
        candidates, all_listed = self._candidates(strata)
        try:
            scores = imbalance(candidates, covariates)
        except ValueError as error:
            raise _refused(
                f"The clinics cannot be balanced: {error}.",
                "Use permuted blocks: there is nothing to balance.",
            ) from None
        highest = admitted_up_to(scores, self._fraction)
        admitted = candidates[scores <= highest]
        chosen = below(chance(self._seed, _LABEL, "choice"), len(admitted))
        told = _told(candidates, admitted, highest, all_listed=all_listed)
        places: dict[str, int] = {}
        assignments = {}
        for name, stratum, active in zip(names, strata, admitted[chosen], strict=True):
            place = places.setdefault(stratum, 0)
            places[stratum] = place + 1
            assignments[name] = Assignment(
                "active" if active else "silent",
                units[name],
                place,
                {one: float(known[name][one]) for one in self._names},
            )
        return Allocated(assignments=assignments, constrained_set=told)

    def _candidates(self, strata: NDArray[np.str_]) -> tuple[NDArray[np.bool_], bool]:
        if n_allocations(strata) <= MOST_CANDIDATES:
            return all_allocations(strata), True
        shape = (MOST_CANDIDATES, len(strata) + len(np.unique(strata)))
        random = numbers(self._seed, f"{_LABEL} candidates", shape)
        return drawn_allocations(strata, random), False


def _told(
    candidates: NDArray[np.bool_],
    admitted: NDArray[np.bool_],
    highest: float,
    *,
    all_listed: bool,
) -> ConstrainedSet:
    """Describe the constrained set, or refuse it."""
    if len(admitted) < FEWEST_ADMITTED:
        raise _refused(
            f"Of {len(candidates)} allocations only {len(admitted)} are admitted; "
            f"at least {FEWEST_ADMITTED} are needed.",
            f"Raise design.constrained_fraction to {FEWEST_ADMITTED}/{len(candidates)} "
            "of the allocations at the least."
            if len(candidates) >= FEWEST_ADMITTED
            else "Use matched pairs: design.allocation: matched_pairs",
        )
    pair = np.triu_indices(admitted.shape[1], 1)
    free, shares = together(candidates)[pair], together(admitted)[pair]
    rigid = np.isin(shares, (0.0, 1.0)) & ~np.isin(free, (0.0, 1.0))
    if rigid.any():
        raise _refused(
            f"{int(rigid.sum())} pair(s) of clinics are always, or never, in one arm "
            "in all that is admitted.",
            "Raise design.constrained_fraction.",
            "Balance fewer characteristics: design.balanced_on",
        )
    return ConstrainedSet(
        candidates=len(candidates),
        all_listed=all_listed,
        admitted=len(admitted),
        highest_score=highest,
        least_together=float(shares.min()),
        most_together=float(shares.max()),
    )


def _refused(what: str, *remedies: str) -> DefinitionError:
    return DefinitionError(
        what,
        code="constrained-set",
        why="An allocation that hardly could have been another is not random.",
        remedies=remedies,
    )
