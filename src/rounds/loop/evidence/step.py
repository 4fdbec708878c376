"""From a Problem and its sources to Evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rounds import __version__
from rounds.loop.evidence.grade import rate
from rounds.loop.evidence.pooling import (
    Scale,
    Scales,
    pool,
    prior_of,
    small_study_effects,
    sort_out,
)
from rounds.loop.evidence.sources import refuse_duplicates
from rounds.nouns import (
    PICO,
    DefinitionError,
    Evidence,
    MetaAnalysis,
    NotEstimable,
    Problem,
    Provenance,
    Source,
)

if TYPE_CHECKING:
    from rounds.datamart import AnyDatamart

__all__ = ["run"]

_ASYMMETRY = 0.1
"""p of Egger's test, which sees little, below which it has seen something."""


def run(
    problem: Problem,
    sources: Sequence[Source],
    datamart: AnyDatamart | None,  # noqa: ARG001 (local estimates come with the designs)
    *,
    name: str,
    title: str,
    question: PICO,
    judgements: Sequence[Mapping[str, Any]] = (),
    scale: Scale = "risk_difference",
    important: float = 0.02,
    scales: Scales | None = None,
    vague_weight: float = 0.2,
    level: float = 0.95,
) -> Evidence:
    """Say what is known already, how sure it is, and the prior it implies.

    Parameters
    ----------
    problem : Problem
        What it is about.
    sources : sequence of Source
        Papers and finished turns, all of them: those that cannot be pooled are shown.
    datamart : AnyDatamart or None
        Not read yet: estimates from the site's own past come with the study designs.
    name, title : str
        The Evidence's computer name and title.
    question : PICO
        What is asked.
    judgements : sequence of mapping
        A reviewer's confirmation of GRADE domains: `domain`, `judgement`, `reviewer`,
        `reason`. Without all five the certainty is `not yet rated`.
    scale : str
        To pool on, that of the primary estimand.
    important : float
        Smallest difference that matters, for imprecision.
    scales : Scales, optional
        Prior scales of heterogeneity and of the vague component.
    vague_weight : float
        Of the prior's vague component, in (0, 1).
    level : float
        Of the intervals.

    Returns
    -------
    Evidence
        Retracted sources, reviews, and effects on another scale are shown, not pooled.

    Raises
    ------
    DefinitionError
        If there is no source, one is given twice, or a judgement is not valid.
    """
    if not sources:
        raise DefinitionError(
            "No source is given.",
            code="no-sources",
            why="Evidence says what is known; with no source it would say nothing.",
            remedies=("Name a YAML or RIS file under evidence.sources in turn.yaml.",),
        )
    refuse_duplicates(sources)
    pooled, shown = sort_out(sources, scale)
    found = pool(pooled, scale, level)
    certainty = rate(found, pooled, judgements, important=important)
    return Evidence(
        name=name,
        title=title,
        problem=problem.ref(),
        question=question,
        sources=tuple(source.ref() for source in sources),
        not_pooled=shown,
        meta_analysis=found,
        certainty=certainty,
        prior=prior_of(pooled, scale, scales, vague_weight),
        limitations=_limitations(found, pooled, sources),
        provenance=Provenance(
            made_from=(problem.ref(), *(source.ref() for source in sources)),
            code_version=__version__,
        ),
    )


def _limitations(
    found: MetaAnalysis | NotEstimable,
    pooled: Sequence[Source],
    sources: Sequence[Source],
) -> tuple[str, ...]:
    said = []
    if isinstance(found, NotEstimable):
        said.append(found.reason)
    elif len(pooled) < 5:
        said.append(
            f"Only {len(pooled)} sources could be pooled: how far effects differ "
            "between settings is poorly known."
        )
    computed = [source for source in pooled if source.effect and source.effect.computed]
    if computed:
        said.append(
            f"{len(computed)} of {len(pooled)} pooled effects were computed from other "
            "numbers that the sources print; each says how."
        )
    skewed = [source for source in pooled if _is_skewed(source)]
    if skewed:
        said.append(
            f"{len(skewed)} of {len(pooled)} intervals are not symmetric; their width "
            "alone gave the standard errors."
        )
    unjudged = [source for source in sources if source.risk_of_bias is None]
    if unjudged:
        said.append(
            f"The risk of bias of {len(unjudged)} of {len(sources)} sources has not "
            "been judged."
        )
    asymmetry = small_study_effects(pooled)
    if not isinstance(asymmetry, NotEstimable):
        said.append(
            "Small studies find other effects than large ones (Egger's test, p = "
            f"{asymmetry.p_value:.2g}): results kept back are one reason of several."
            if asymmetry.p_value < _ASYMMETRY
            else "Egger's test finds no small-study effects (p = "
            f"{asymmetry.p_value:.2g}); it overlooks many."
        )
    if any(source.retracted for source in sources):
        said.append("A retracted source is shown and not pooled.")
    said.append("The sources were chosen by hand, not found by a systematic search.")
    return tuple(said)


def _is_skewed(source: Source) -> bool:
    effect = source.effect
    assert effect is not None
    half = (effect.upper - effect.lower) / 2
    return abs(effect.value - (effect.lower + half)) > 0.15 * half
