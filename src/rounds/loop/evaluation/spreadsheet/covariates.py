"""What was known of each before the allocation, as columns that a model can use."""

import re

import numpy as np
from numpy.typing import NDArray

from rounds.nouns import DataError

__all__ = ["covariate_of", "in_countable_units", "insist_on_told"]

Floats = NDArray[np.float64]

_UNKNOWN = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "."})
"""What a cell says that says nothing, in any letter case."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MOST_GRADES = 10
"""Different numbers that a column of groups may hold beside words, as in 0, 1, 2+."""
_FROM = 1_000
"""Standard deviations from nought, beyond which numbers are counted from their mean."""
_FAR = 1e15
"""Beyond it two numbers that differ by 1 are the same to a computer, or nearly so."""


def covariate_of(name: str, cells: NDArray[np.object_]) -> Floats:
    """Give numbers in a unit that can be counted in, and of groups a column each.

    Parameters
    ----------
    name : str
        Of the column; it is told, its cells never are.
    cells : array of text, shape (n_persons,)

    Returns
    -------
    array of float, shape (n_persons, n_columns)
        Numbers as `in_countable_units` gives them; of groups one for each but the
        first.

    Raises
    ------
    DataError
        If a cell says that it is not known, a number is not finite or beyond 1e15, or
        some cells are numbers and others are not.
    """
    insist_on_told(f"covariate {name!r}", cells)
    said = [str(cell).strip() for cell in cells]
    if any(re.fullmatch(r"[+-]?inf(inity)?", one.lower()) for one in said):
        raise _beyond(name)
    are = np.array([bool(_NUMBER.fullmatch(one)) for one in said])
    if not are.all():
        grades = {one for one, is_number in zip(said, are, strict=True) if is_number}
        if len(grades) > _MOST_GRADES:
            raise _torn(name, are)
        groups = np.unique(said)[1:]
        return np.asarray(np.array(said)[:, None] == groups, dtype=float)
    numbers = np.array(said, dtype=float)
    if not (np.abs(numbers) < _FAR).all():
        raise _beyond(name)
    return in_countable_units(numbers)[:, None]


def in_countable_units(numbers: Floats) -> Floats:
    """Give numbers over their standard deviation, about their mean if that is far.

    Of a date written 20240601 the days would be lost beside the years: so a mean of a
    thousand standard deviations is taken out. Nearer ones stay, for Fay and Graubard's
    variance depends on where nought lies, and is to be that of other programs.

    Parameters
    ----------
    numbers : array of float, shape (n_persons,)
    """
    mean, spread = float(numbers.mean()), float(numbers.std())
    if not spread > 0:
        return numbers
    return np.asarray((numbers - mean * (abs(mean) > _FROM * spread)) / spread)


def insist_on_told(role: str, cells: NDArray[np.generic]) -> None:
    """Refuse cells that say that nothing is known: they are no group of their own.

    Parameters
    ----------
    role : str
        Of the column, as it is told.
    cells : array of text, shape (n_persons,)

    Raises
    ------
    DataError
        With their number, and none of them.
    """
    empty = sum(str(cell).strip().lower() in _UNKNOWN for cell in cells)
    if empty:
        raise DataError(
            f"{empty} cells of the {role}'s column say that it is not known.",
            code="trial-unknown",
            why="These rows would count as a group of their own.",
            remedies=("Fill them in, or take out these rows.",),
        )


def _torn(name: str, are: NDArray[np.bool_]) -> DataError:
    rows = ", ".join(str(i + 1) for i in np.flatnonzero(~are)[:5])
    return DataError(
        f"Of the covariate {name!r} {int(are.sum())} cells are numbers and "
        f"{int((~are).sum())} are not, beginning with row {rows} below the header.",
        code="trial-covariate",
        why="Each different number would count as a group of its own.",
        remedies=(
            "Write numbers with a full stop and no other sign.",
            "Where the column holds groups, give them names that are no numbers.",
        ),
    )


def _beyond(name: str) -> DataError:
    return DataError(
        f"The covariate {name!r} holds a number that is not finite, or beyond 1e15.",
        code="trial-covariate",
        why="Beside it all others would count as one and the same.",
        remedies=("Correct it, or leave out the row.",),
    )
