"""What allocations of units that are known from the start have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds.nouns import ConstrainedSet, DefinitionError
from rounds.practice import Assignment

__all__ = ["Allocated", "Known", "characteristics"]

Known = Mapping[str, Mapping[str, float]]
"""Unit → name → number, e.g. clinic → `size` and `baseline_rate`."""


@dataclass(frozen=True, kw_only=True)
class Allocated:
    """The arms of all units, and what is to be said of how they came about.

    Parameters
    ----------
    assignments : dict
        Unit → Assignment, with the numbers that it was allocated by.
    left_out : tuple of str
        Units that could not be allocated.
    constrained_set : ConstrainedSet, optional
        Of a covariate-constrained allocation.
    """

    assignments: dict[str, Assignment]
    left_out: tuple[str, ...] = ()
    constrained_set: ConstrainedSet | None = None

    def __repr__(self) -> str:
        return f"<Allocated: {len(self.assignments)} units>"


def characteristics(
    units: Sequence[str], known: Known, names: Sequence[str]
) -> NDArray[np.float64]:
    """Give what is known of units as a table.

    Returns
    -------
    ndarray, shape (n_units, n_names)

    Raises
    ------
    DefinitionError
        If something is not known of a unit, or is not a number.
    """
    table = np.array(
        [[known.get(unit, {}).get(name, np.nan) for name in names] for unit in units],
        dtype=float,
    ).reshape(len(units), len(names))
    lacking = [
        f"{name} of {int(missing)} clinic(s)"
        for name, missing in zip(names, (~np.isfinite(table)).sum(axis=0), strict=True)
        if missing
    ]
    if lacking:
        raise DefinitionError(
            f"Not known is: {', '.join(lacking)}.",
            code="characteristics-missing",
            why="Clinics are made alike by what was known before they were allocated.",
            remedies=(
                "Leave it out of design.balanced_on.",
                "Leave out the clinics that have no baseline.",
                "Use permuted blocks: design.allocation: permuted_blocks",
            ),
        )
    return table
