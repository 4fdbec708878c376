"""What studies were like, and how their effects go with it: meta-regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rounds.loop.evidence.pooling_words import (
    measure_of,
    span_written,
    written,
)
from rounds.methods.pooling.regression import MetaRegression, meta_regression
from rounds.nouns import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from rounds.loop.evidence.pooling_sheet import PooledStudies
    from rounds.loop.evidence.study_sheet import Moderator
    from rounds.methods.pooling.studies import Interval
    from rounds.methods.pooling.variance import Method

__all__ = [
    "Moderated",
    "Term",
    "moderated",
    "moderators_in_numbers",
    "moderators_in_words",
    "terms_written",
]

_ENOUGH = 10
"""Studies for each characteristic, as is typically advised (Cochrane Handbook 5.1,
9.6.5.1); even these are few where the characteristic is unevenly spread."""


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


def terms_written(
    found: PooledStudies, regressed: Moderated
) -> list[tuple[str, str, str, str]]:
    """Give the rows of a table: term, coefficient, interval, p.

    Parameters
    ----------
    found : PooledStudies
        How an effect is written. Of ratios, coefficients are factors.
    regressed : Moderated
        Of the same studies.

    Returns
    -------
    list of tuple of str
    """
    fit = regressed.fit
    return [
        (
            term.name,
            written(found, float(fit.coefficients[i])),
            span_written(found, float(fit.lower[i]), float(fit.upper[i])),
            f"{fit.p_values[i]:.2g}",
        )
        for i, term in enumerate(regressed.terms)
    ]


def moderators_in_words(found: PooledStudies) -> tuple[str, ...]:
    """Say what a careful reader has to know of a meta-regression.

    Parameters
    ----------
    found : PooledStudies
        With or without one.

    Returns
    -------
    tuple of str
        Empty where none was asked for.
    """
    regressed = found.moderated
    if regressed is None:
        return ()
    if isinstance(regressed, NotEstimable):
        return (f"Moderators: not told. {regressed.reason}",)
    fit = regressed.fit
    between = fit.heterogeneity
    together = (
        f"Moderators together: p = {fit.omnibus_p_value:.2g}. {_explained(fit)} What "
        f"is left between studies: τ² {between.tau2:.3g}, I² {between.i2:.0%}."
    )
    said = [together]
    if measure_of(found) in ("or", "rr"):
        said.append("Of a moderator the factor is told by which the ratio changes.")
    n_terms = len(regressed.terms) - 1
    if fit.k < _ENOUGH * n_terms:
        said.append(
            f"{fit.k} studies for {n_terms} coefficient{'s' if n_terms > 1 else ''}: "
            f"{_ENOUGH} for each are usually advised."
        )
    said.append(
        "Studies were not randomised to what they are like: a moderator may stand for "
        "something else, and says nothing of patients within a study."
    )
    return tuple(said)


def _explained(fit: MetaRegression) -> str:
    if fit.r2 is None:
        return "There was no variance between the studies for them to go with."
    return (
        f"{fit.r2:.0%} of the variance between studies goes with them (τ² "
        f"{fit.tau2_without:.3g} without)."
    )


def moderators_in_numbers(found: PooledStudies) -> Any:
    """Give each number of a meta-regression, on the pooled scale, at full precision.

    Parameters
    ----------
    found : PooledStudies
        With a meta-regression.

    Returns
    -------
    dict or NotEstimable
    """
    regressed = found.moderated
    if not isinstance(regressed, Moderated):
        return regressed
    fit = regressed.fit
    between = fit.heterogeneity
    return {
        "terms": [
            {
                "term": term.name,
                "moderator": term.moderator or None,
                "category": term.category,
                "reference": term.reference,
                "estimate": float(fit.coefficients[i]),
                "se": float(fit.ses[i]),
                "lower": float(fit.lower[i]),
                "upper": float(fit.upper[i]),
                "p_value": float(fit.p_values[i]),
            }
            for i, term in enumerate(regressed.terms)
        ],
        "tau2": between.tau2,
        "tau2_without": fit.tau2_without,
        "r2": fit.r2,
        "i2": between.i2,
        "q_residual": between.q,
        "df": between.df,
        "q_residual_p_value": between.q_p_value,
        "omnibus": fit.omnibus,
        "omnibus_df": len(regressed.terms) - 1,
        "omnibus_p_value": fit.omnibus_p_value,
    }
