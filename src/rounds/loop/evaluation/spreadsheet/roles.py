"""Columns beyond outcome and arm: may they be what they are said to hold?"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rounds.nouns import DataError

__all__ = ["roles_of"]

Floats = NDArray[np.float64]

ROLES = ("time", "exposure", "received")


def roles_of(
    columns: Mapping[str, NDArray[np.generic]],
) -> tuple[Floats, dict[str, Floats]]:
    """Give the outcome, and what else a summary needs of each person.

    Parameters
    ----------
    columns : mapping
        As of `trial_of`.

    Returns
    -------
    outcome : array of float, shape (n_persons,)
        NaN also where what belongs to it is not known.
    roles : dict of str to array of float

    Raises
    ------
    DataError
        If a column cannot be what it is said to be. No cell is told.
    """
    roles = {
        name: np.asarray(columns[name], dtype=float)
        for name in ROLES
        if name in columns
    }
    outcome = np.asarray(columns["event" if "event" in columns else "outcome"], float)
    for name, values in {"outcome": outcome, **roles}.items():
        _insist(name, np.isinf(values), "infinite")
    if "time" in roles:
        _insist("time", roles["time"] < 0, "negative")
        _insist("event", ~(np.isnan(outcome) | np.isin(outcome, (0, 1))), "not 0 or 1")
        outcome = np.where(np.isnan(roles["time"]), np.nan, outcome)
    if "exposure" in roles:
        _insist("exposure", roles["exposure"] <= 0, "not above 0")
        _insist("outcome", outcome < 0, "negative, which no count is")
        outcome = np.where(np.isnan(roles["exposure"]), np.nan, outcome)
    if "received" in roles:
        _insist("received", ~np.isin(roles["received"], (0, 1)), "not 0 or 1")
    return outcome, roles


def _insist(name: str, wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} of {len(wrong)} cells of the {name}'s column are "
            f"{what}.",
            code="trial-values",
            why="What the column is said to hold cannot be so.",
            remedies=(
                "Correct these cells, or leave them empty where it is not known.",
                f"Name another column with --{name}.",
            ),
        )
