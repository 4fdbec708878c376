"""What a finished turn found, as a Source of the next one."""

from collections.abc import Sequence

from rounds.nouns import (
    PICO,
    DefinitionError,
    Effect,
    Estimate,
    Evaluation,
    NotEstimable,
    Source,
)

__all__ = ["source_of_turn"]


def source_of_turn(
    evaluation: Evaluation,
    question: PICO,
    *,
    turn: str,
    title: str = "",
    known: Sequence[Source] = (),
) -> Source:
    """Give the last posterior as a Source, or the estimate where there is none.

    Parameters
    ----------
    evaluation : Evaluation
        Unsealed, with an estimate.
    question : PICO
        What it answered.
    turn : str
        Which turn: its Ref or name.
    title : str
        How it is shown; the evaluation's title where not given.
    known : sequence of Source
        What the posterior's prior was made of: contained in it, so that the next turn
        does not pool them twice.

    Returns
    -------
    Source
        Of design `turn`.

    Raises
    ------
    DefinitionError
        If the evaluation has no number, or one on a scale that sources do not have.
    """
    estimate = evaluation.estimate
    includes: tuple[str, ...] = ()
    posterior = evaluation.posterior
    if not isinstance(posterior, NotEstimable):
        estimate = posterior.estimate
        includes = tuple(name for source in known for name in source.identifiers)
    if not isinstance(estimate, Estimate) or estimate.sealed is not None:
        raise DefinitionError(
            f"Evaluation {evaluation.name!r} has no number to learn from.",
            code="turn-without-estimate",
            why="A sealed estimate is not evidence.",
            remedies=("Start the next turn from published sources alone.",),
        )
    if estimate.scale not in {"risk_difference", "mean_difference", "log_risk_ratio"}:
        raise DefinitionError(
            f"Evaluation {evaluation.name!r} estimates a {estimate.scale}.",
            code="turn-on-another-scale",
            remedies=("Evaluate on a difference or log-ratio scale.",),
        )
    assert estimate.value is not None
    assert estimate.lower is not None
    assert estimate.upper is not None
    return Source(
        name=f"turn-{evaluation.name}",
        title=title or evaluation.title,
        turn=turn,
        design="turn",
        pico=question,
        includes=includes,
        effect=Effect(
            scale=estimate.scale,
            value=estimate.value,
            lower=estimate.lower,
            upper=estimate.upper,
            level=estimate.level,
            n=estimate.n,
        ),
    )
