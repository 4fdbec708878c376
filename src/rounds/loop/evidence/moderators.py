"""What studies were like, and how their effects go with it: meta-regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.pooling.regression import MetaRegression, meta_regression
from rounds.nouns import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from rounds.loop.evidence.study_sheet import Moderator
    from rounds.methods.pooling.studies import Interval
    from rounds.methods.pooling.variance import Method

__all__ = ["Moderated", "Term", "moderated"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """What one coefficient is of."""

    moderator: str
    """The column; empty for the intercept."""
    category: str | None = None
    """Which words, against `reference`; None for numbers."""
    reference: str | None = None

    @property
    def name(self) -> str:
        """Name it in a table."""
        if not self.moderator:
            return "intercept"
        if self.category is None:
            return f"{self.moderator}, one more"
        return f"{self.moderator}: {self.category} (against {self.reference})"


@dataclass(frozen=True, kw_only=True, eq=False)
class Moderated:
    """A meta-regression, coefficient by coefficient."""

    terms: tuple[Term, ...]
    fit: MetaRegression


def moderated(
    moderators: Sequence[Moderator],
    effects: NDArray[np.float64],
    ses: NDArray[np.float64],
    *,
    method: Method,
    interval: Interval,
    level: float,
) -> Moderated | NotEstimable:
    """Regress effects on what the studies were like.

    Parameters
    ----------
    moderators : sequence of Moderator
        At least one; a value for each study. Of words, each but the first in the
        alphabet is set against the first.
    effects, ses : array, shape (k,)
        Those that were pooled.
    method : {"fixed", "dl", "reml", "pm"}
        For the variance that the moderators leave.
    interval : {"normal", "hksj", "modified_hksj"}
        Of each coefficient.
    level : float
        In (0, 1).

    Returns
    -------
    Moderated or NotEstimable
        NotEstimable where studies are fewer than coefficients, or a moderator is the
        same for all or follows from others.
    """
    terms, columns = [Term(moderator="")], []
    for one in moderators:
        if len(set(one.values.tolist())) < 2:
            return NotEstimable(reason=f"{one.name} is the same for all studies.")
        for term, column in _columns(one):
            terms.append(term)
            columns.append(column)
    try:
        fit = meta_regression(
            effects,
            ses,
            np.column_stack(columns),
            method=method,
            interval=interval,
            level=level,
        )
    except ValueError as error:
        words = str(error)
        return NotEstimable(reason=f"{words[0].upper()}{words[1:]}.")
    return Moderated(terms=tuple(terms), fit=fit)


def _columns(one: Moderator) -> Iterator[tuple[Term, NDArray[np.float64]]]:
    if one.values.dtype != object:
        yield Term(moderator=one.name), one.values.astype(float)
        return
    words = [str(value) for value in one.values]
    reference, *others = sorted(set(words))
    for category in others:
        term = Term(moderator=one.name, category=category, reference=reference)
        yield term, np.array([word == category for word in words], dtype=float)
