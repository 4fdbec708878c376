"""A meta-regression in a table, in words and in numbers."""

from typing import Any

from rounds.loop.evidence.moderators import Moderated
from rounds.loop.evidence.pooled_studies import PooledStudies
from rounds.loop.evidence.pooling_words import measure_of, span_written, written
from rounds.methods.pooling.regression import MetaRegression
from rounds.nouns import NotEstimable

__all__ = ["moderators_in_numbers", "moderators_in_words", "terms_written"]

_ENOUGH = 10
"""Studies for each characteristic, as is typically advised (Cochrane Handbook 5.1,
9.6.5.1); even these are few where the characteristic is unevenly spread."""


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
