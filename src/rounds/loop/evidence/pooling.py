"""Which sources may be pooled, what they say together, and the prior they imply."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rounds.methods.pooling.small_study import LEAST_STUDIES, Egger, egger
from rounds.methods.priors import meta, prior
from rounds.nouns import (
    Estimate,
    MetaAnalysis,
    NotEstimable,
    NotPooled,
    Prior,
    PriorComponent,
    Source,
    StudyEffect,
)

__all__ = [
    "Scale",
    "Scales",
    "effect_se",
    "pool",
    "prior_of",
    "small_study_effects",
    "sort_out",
]

Scale = Literal["risk_difference", "mean_difference", "log_risk_ratio"]


@dataclass(frozen=True, kw_only=True)
class Scales:
    """What is assumed before the sources are read, in the effect's own unit."""

    heterogeneity: float
    """Scale of the half-normal prior on the between-study standard deviation."""
    vague: float
    """Standard deviation of the prior's vague component."""


DEFAULT_SCALES: dict[Scale, Scales] = {
    # Half-normal 0.1: studies' true risk differences mostly within 20 points of each
    # other. Vague 0.5: what one patient in each arm tells at a risk of 15%,
    # sqrt(2 × 0.15 × 0.85): the unit-information prior.
    "risk_difference": Scales(heterogeneity=0.1, vague=0.5),
    "log_risk_ratio": Scales(heterogeneity=0.5, vague=2.0),
}


def sort_out(
    sources: Sequence[Source], scale: Scale
) -> tuple[tuple[Source, ...], tuple[NotPooled, ...]]:
    """Divide sources into those to pool and those only to show, with the reason.

    Parameters
    ----------
    sources : sequence of Source
        All that is known.
    scale : str
        The scale to pool on; nothing is converted.

    Returns
    -------
    pooled : tuple of Source
        With an effect on the scale, not retracted, not contained in another one.
    shown : tuple of NotPooled
        The rest.
    """
    contained = {
        part: source
        for source in sources
        if _unfit(source, scale) is None
        for part in map(_normal, source.includes)
    }
    pooled: list[Source] = []
    shown: list[NotPooled] = []
    for source in sources:
        reason = _unfit(source, scale)
        if reason is None:
            holders = {
                holder.title
                for part, holder in contained.items()
                if part in map(_normal, source.identifiers) and holder is not source
            }
            if holders:
                reason = f"Contained in {min(holders)!r}; it would count twice."
            reason = reason or _of_same_turn(source, pooled)
        if reason is None:
            pooled.append(source)
        else:
            identifier = source.identifiers[0]
            shown.append(
                NotPooled(source=source.ref(), identifier=identifier, reason=reason)
            )
    return tuple(pooled), tuple(shown)


def pool(
    sources: Sequence[Source], scale: Scale, level: float
) -> MetaAnalysis | NotEstimable:
    """Pool the sources' effects by a random-effects model.

    Parameters
    ----------
    sources : sequence of Source
        Those that `sort_out` said to pool.
    scale : str
        Theirs.
    level : float
        Of the intervals.

    Returns
    -------
    MetaAnalysis or NotEstimable
        NotEstimable with fewer than two sources.
    """
    if len(sources) < 2:
        return NotEstimable(
            reason=f"{len(sources)} source(s) with an effect on the "
            f"{scale.replace('_', ' ')} scale; pooling needs at least two."
        )
    effects, ses = _effects(sources)
    found = meta.random_effects(effects, ses, level=level)
    counts = [source.effect.n for source in sources if source.effect]
    n = sum(filter(None, counts)) if all(counts) else None
    pooled = Estimate(
        value=found.value,
        lower=found.lower,
        upper=found.upper,
        level=level,
        scale=scale,
        n=n,
        estimand="Mean effect over the settings that the sources come from",
        method="REML; Hartung-Knapp-Sidik-Jonkman interval (modified), t on k-1",
    )
    return MetaAnalysis(
        studies=_studies(sources, found.weights.tolist()),
        pooled=pooled,
        tau2=found.tau2,
        i2=found.i2,
        q=found.q,
        prediction=_prediction(found, pooled),
        method=(
            f"Random effects over {len(sources)} sources: REML for the between-source "
            "variance; modified Hartung-Knapp-Sidik-Jonkman interval and prediction "
            f"interval on t with k-1 = {found.df} degrees of freedom"
        ),
    )


def prior_of(
    sources: Sequence[Source], scale: Scale, scales: Scales | None, vague_weight: float
) -> Prior | NotEstimable:
    """Give the robust mixture prior that the sources imply.

    Parameters
    ----------
    sources : sequence of Source
        Those that were pooled.
    scale : str
        Theirs.
    scales : Scales, optional
        Defaults stand for risk differences and log risk ratios.
    vague_weight : float
        Prior probability that the sources do not bear on the present question.

    Returns
    -------
    Prior or NotEstimable
        Predictive distribution of a new setting's effect, and a vague component. One
        turn of our own alone gives its own distribution, since the setting is not new.

    References
    ----------
    .. [1] Schmidli H, et al. Biometrics 2014;70:1023-1032.
    """
    scales = scales or DEFAULT_SCALES.get(scale)
    if scales is None:
        return NotEstimable(
            reason=f"On the {scale.replace('_', ' ')} scale it must be said beforehand "
            "how far effects may differ and what is vague; no default is known."
        )
    own = [source for source in sources if source.design == "turn"]
    if not sources or (len(sources) == 1 and not own):
        return NotEstimable(
            reason="A prior needs two sources, or a finished turn of our own."
        )
    effects, ses = _effects(sources)
    if len(sources) == 1:
        informative: tuple[prior.Component, ...] = (
            prior.Component(weight=1.0, mean=effects[0], sd=ses[0]),
        )
    else:
        informative = prior.predictive(effects, ses, tau_scale=scales.heterogeneity)
    parts = prior.robust(informative, vague_weight=vague_weight, vague_sd=scales.vague)
    return Prior(
        scale=scale,
        components=tuple(
            PriorComponent(
                weight=part.weight,
                mean=part.mean,
                sd=part.sd,
                role="informative" if i < len(parts) - 1 else "vague",
            )
            for i, part in enumerate(parts)
        ),
    )


def small_study_effects(sources: Sequence[Source]) -> Egger | NotEstimable:
    """Test whether small studies find other effects than large ones.

    Parameters
    ----------
    sources : sequence of Source
        Those that were pooled.

    Returns
    -------
    Egger or NotEstimable
        NotEstimable with fewer than ten sources, or if all are of one size.
    """
    if len(sources) < LEAST_STUDIES:
        return NotEstimable(
            reason=f"A test of small-study effects needs {LEAST_STUDIES} sources."
        )
    try:
        return egger(*_effects(sources))
    except ValueError as error:
        words = str(error)
        return NotEstimable(reason=f"{words[0].upper()}{words[1:]}.")


def effect_se(source: Source) -> float:
    """Give the standard error behind a source's printed interval."""
    effect = source.effect
    assert effect is not None
    return meta.se_from_interval(effect.lower, effect.upper, effect.level)


def _effects(sources: Sequence[Source]) -> tuple[list[float], list[float]]:
    values = [source.effect.value for source in sources if source.effect]
    return values, [effect_se(source) for source in sources]


def _unfit(source: Source, scale: Scale) -> str | None:
    if source.retracted:
        return "Retracted."
    if source.effect is None:
        return "No effect with its interval has been read from it."
    if source.design == "systematic_review":
        return (
            "A review: it pools trials already, and pooled again with trials it would "
            "count them twice. Shown beside the result."
        )
    if source.effect.scale != scale:
        return (
            f"Its effect is a {source.effect.scale.replace('_', ' ')}, not a "
            f"{scale.replace('_', ' ')}; effects are not converted."
        )
    return None


def _of_same_turn(source: Source, pooled: Sequence[Source]) -> str | None:
    """Say why a second effect of a turn is not pooled: it is of the same people."""
    for other in pooled:
        if source.turn is not None and source.turn == other.turn:
            return (
                f"Found in the same people as {other.title!r}, of something else that "
                "was tried; they would count twice."
            )
    return None


def _normal(identifier: str) -> str:
    kind, _, rest = identifier.partition(":")
    return f"{kind.upper()}:{rest.strip().lower()}"


def _studies(
    sources: Sequence[Source], weights: Sequence[float]
) -> tuple[StudyEffect, ...]:
    lines = []
    for source, weight in zip(sources, weights, strict=True):
        effect = source.effect
        assert effect is not None
        lines.append(
            StudyEffect(
                label=_label(source),
                identifier=source.identifiers[0],
                value=effect.value,
                lower=effect.lower,
                upper=effect.upper,
                weight=float(weight),
            )
        )
    return tuple(lines)


def _label(source: Source) -> str:
    first = source.authors.replace(";", ",").split(",")[0].strip()
    year = getattr(source.published, "year", source.published)
    return " ".join(str(part) for part in (first or source.title, year) if part)


def _prediction(found: meta.MetaAnalysis, pooled: Estimate) -> Estimate | NotEstimable:
    if found.prediction is None:
        return NotEstimable(reason="A prediction interval needs three sources.")
    lower, upper = found.prediction
    return pooled.model_copy(
        update={
            "lower": lower,
            "upper": upper,
            "estimand": "True effect in a new setting like these",
            "method": f"Prediction interval, t on k-1 = {found.df} degrees of freedom",
        }
    )
