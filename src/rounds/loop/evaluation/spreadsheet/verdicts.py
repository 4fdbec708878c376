"""Superiority, non-inferiority, equivalence: asked of a trial, and said in words."""

from dataclasses import dataclass

from rounds.loop.evaluation.spreadsheet.asking import asked
from rounds.loop.evaluation.spreadsheet.designs import Scale
from rounds.loop.evaluation.spreadsheet.question import Fit
from rounds.loop.evaluation.spreadsheet.summaries import is_ratio
from rounds.methods.estimands.margins import Better, Hypothesis, Judgement, judge

__all__ = ["Claim", "judged", "on_claim"]


@dataclass(frozen=True)
class Claim:
    """What the trial is to show.

    Parameters
    ----------
    hypothesis : {"superiority", "non-inferiority", "equivalence"}
        What is to be shown.
    margin : float, optional
        In the effect's unit (0.05 is five points); of a ratio, a ratio.
    better : {"lower", "higher"}, optional
        Which direction of the effect is.
    """

    hypothesis: Hypothesis
    margin: float | None = None
    better: Better | None = None


def judged(fit: Fit, claim: Claim, scale: Scale, level: float) -> Judgement:
    """Judge an effect against what was to be shown.

    Parameters
    ----------
    fit : Fit
        With its interval.
    claim : Claim
        As `insist_on_claim` allows it.
    scale : str
        Of the effect.
    level : float
        Of the interval.

    Raises
    ------
    ValueError
        As `judge`.
    """
    return judge(
        fit.estimate,
        fit.lower,
        fit.upper,
        hypothesis=claim.hypothesis,
        level=level,
        margin=claim.margin,
        better=claim.better,
        ratio=is_ratio(scale),
        se=fit.se,
        df=fit.df,
    )


def on_claim(claim: Claim, scale: Scale, *, is_share: bool) -> None:
    """Refuse a claim that cannot be judged, before anything is computed.

    Parameters
    ----------
    claim : Claim
        As it was asked.
    scale : str
        Of the effect.
    is_share : bool
        Whether the effect is told in points.

    Raises
    ------
    DefinitionError
        If a margin or a direction is missing or cannot be one.
    """
    if is_share and claim.margin is not None and claim.margin >= 1:
        raise asked(
            f"--margin {claim.margin:g} of a difference of shares is not below 1.",
            "Write points as a share: --margin 0.05 is five points.",
        )
    none = 1.0 if is_ratio(scale) else 0.0
    try:
        judge(
            none,
            none,
            none,
            hypothesis=claim.hypothesis,
            level=0.95,
            margin=claim.margin,
            better=claim.better,
            ratio=is_ratio(scale),
        )
    except ValueError as error:
        reason = str(error)
        raise asked(
            f"{reason[0].upper()}{reason[1:]}.",
            "Say for instance --hypothesis non-inferiority --margin "
            f"{1.25 if is_ratio(scale) else 0.05} --better lower.",
        ) from error
