"""A finished turn becomes one of the sources of the next."""

from typing import Literal

from rounds.methods.estimands.scales import additive, is_ratio
from rounds.nouns import (
    PICO,
    Decision,
    DefinitionError,
    DiagnosticError,
    Effect,
    Estimate,
    Evaluation,
    Evidence,
    MetaAnalysis,
    Posterior,
    Protocol,
    Provenance,
    Source,
)

__all__ = ["as_source"]


def as_source(
    evaluation: Evaluation,
    decision: Decision,
    protocol: Protocol,
    turn_name: str,
    *,
    carry: Literal["posterior", "estimate"] = "posterior",
    evidence: Evidence | None = None,
) -> Source:
    """Give the finished turn as a Source, so that what was learnt is not lost.

    Parameters
    ----------
    turn_name : str
        The turn's name, lower-case letters, digits and hyphens.
    carry : {"posterior", "estimate"}
        What is handed on. The posterior already holds the sources of the turn's own
        prior: pool it with none of them. The prior-free estimate can stand beside
        them. Where there is no posterior, the estimate is carried.
    evidence : Evidence, optional
        Of the finished turn: the studies that it pooled are named in `includes` of a
        posterior, so that nobody counts them twice.

    Returns
    -------
    Source
        With `turn` set, the estimand as its PICO, and the effect on its own scale;
        its risk of bias waits for a reviewer's judgement.

    Raises
    ------
    DefinitionError
        If evaluation, decision and protocol are not of one turn, or there is no
        effect to carry.
    DiagnosticError
        If the estimate is sealed.
    """
    if (
        decision.evaluation != evaluation.ref()
        or decision.protocol != protocol.ref()
        or (evidence is not None and evaluation.evidence != evidence.ref())
    ):
        raise DefinitionError(
            "Evaluation, decision, protocol and evidence are not of one turn.",
            code="turn-mismatch",
            remedies=("Hand in the evaluation and the protocol the decision names.",),
        )
    estimate = _readable(evaluation)
    posterior = evaluation.posterior
    carried = estimate
    if carry == "posterior" and isinstance(posterior, Posterior):
        carried = posterior.estimate
    pooled = carried is not estimate
    scale = carried.scale
    value, lower, upper = carried.numbers
    what = "posterior, with its prior's sources in it" if pooled else "estimate alone"
    estimand = protocol.primary.estimand
    return Source(
        name=turn_name,
        title=f"{evaluation.title} ({what})",
        published=decision.signed_by.at.date(),
        turn=turn_name,
        design="turn",
        pico=PICO(
            population=estimand.population,
            intervention=estimand.treatment,
            comparator=estimand.comparator,
            outcome=estimand.variable,
        ),
        effect=Effect(
            scale=f"log_{scale}" if is_ratio(scale) else scale,
            value=additive(scale, value),
            lower=additive(scale, lower),
            upper=additive(scale, upper),
            level=carried.level,
            n=estimate.n,
        ),
        includes=_pooled(evidence) if pooled else (),
        provenance=Provenance(
            made_from=(evaluation.ref(), decision.ref(), protocol.ref()),
            snapshot=evaluation.provenance.snapshot,
            code_version=evaluation.provenance.code_version,
        ),
    )


def _pooled(evidence: Evidence | None) -> tuple[str, ...]:
    if evidence is None or not isinstance(evidence.meta_analysis, MetaAnalysis):
        return ()
    return tuple(study.identifier for study in evidence.meta_analysis.studies)


def _readable(evaluation: Evaluation) -> Estimate:
    estimate = evaluation.estimate
    if not isinstance(estimate, Estimate):
        raise DefinitionError(
            f"The turn found no effect: {estimate.reason}.",
            code="turn-without-effect",
            remedies=("Start the next turn from the sources of this one.",),
        )
    if estimate.sealed is not None:
        raise DiagnosticError(
            f"The turn's estimate is sealed: {estimate.sealed}",
            code="sealed-estimate",
            why="What may not be trusted must not become evidence.",
            remedies=("Start the next turn from the sources of this one.",),
        )
    return estimate
