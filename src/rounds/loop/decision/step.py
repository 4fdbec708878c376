"""Decision: apply the rule, take a signature, record both."""

import rounds
from rounds.loop.decision.rates import rates
from rounds.loop.decision.rules import Choice, explain, recommend
from rounds.nouns import (
    Decision,
    DefinitionError,
    Evaluation,
    FactorDecision,
    Protocol,
    Provenance,
    Ref,
    Signature,
)

__all__ = ["run"]


def run(
    evaluation: Evaluation,
    protocol: Protocol,
    signed_by: Signature,
    *,
    name: str,
    title: str,
    knowledge_object: Ref | None = None,
    decided: Choice | None = None,
    second_decided: Choice | None = None,
    departure_reason: str = "",
    next_question: str = "",
) -> Decision:
    """Say adopt, adapt, abandon or extend, by the rule that was fixed beforehand.

    Parameters
    ----------
    evaluation : Evaluation
        Of the trial under `protocol`.
    protocol : Protocol
        The one that the evaluation names.
    signed_by : Signature
        Who answers for it, and whether we know that it was they.
    knowledge_object : Ref, optional
        What is decided on; the one that the evaluation names where left out.
    decided : {"adopt", "adapt", "abandon", "extend"}, optional
        What the signer decides; what the rule recommends where left out.
    second_decided : {"adopt", "adapt", "abandon", "extend"}, optional
        The same of the second factor, where the trial had two.
    departure_reason : str
        Needed where the signer departs from the rule.
    next_question : str
        What to look at next; a plain one is written where left out.

    Raises
    ------
    DefinitionError
        If the evaluation is of another protocol or names no knowledge object, or a
        departure has no reason.
    """
    _of_one_trial(evaluation, protocol)
    known = _knowledge(evaluation, knowledge_object)
    recommendation = recommend(evaluation, protocol)
    choice = _chosen(recommendation.choice, decided, departure_reason)
    return Decision(
        name=name,
        title=title,
        evaluation=evaluation.ref(),
        protocol=protocol.ref(),
        knowledge_object=known,
        recommended=recommendation.choice,
        reasons=recommendation.reasons,
        rule=explain(protocol),
        rates=rates(evaluation, protocol),
        decided=choice,
        second=_second(evaluation, protocol, second_decided, departure_reason),
        signed_by=signed_by,
        departure_reason=departure_reason,
        next_question=next_question or _QUESTIONS[choice],
        provenance=Provenance(
            made_from=(
                evaluation.ref(),
                protocol.ref(),
                known,
                *_also_decided(evaluation),
            ),
            snapshot=evaluation.provenance.snapshot,
            code_version=rounds.__version__,
        ),
    )


_QUESTIONS: dict[Choice, str] = {
    "adopt": "Does the gain hold when everyone has it, and does it reach the outcome?",
    "adapt": "What can be changed so that the benefit stays and the harm goes?",
    "abandon": "What else could move this measure?",
    "extend": "What must be mended, or how much longer must it run, to answer this?",
}


def _second(
    evaluation: Evaluation,
    protocol: Protocol,
    decided: Choice | None,
    departure_reason: str,
) -> FactorDecision | None:
    """Read the second factor by the same rule, as if it had been tried alone."""
    two = evaluation.factorial
    if two is None:
        if decided is not None:
            raise DefinitionError(
                "The trial had one factor; there is no second one to decide on.",
                code="no-second-factor",
                remedies=("Leave --decide-second out.",),
            )
        return None
    alone = evaluation.model_copy(
        update={
            "estimate": two.second.estimate,
            "balancing": two.second.balancing,
            "secondary": two.second.secondary,
            "reach": two.second.reach,
            "equity": two.second.equity,
            "value": two.second.value,
        }
    )
    said = recommend(alone, protocol)
    return FactorDecision(
        knowledge_object=two.second.knowledge_object,
        recommended=said.choice,
        reasons=said.reasons,
        rates=rates(alone, protocol),
        decided=_chosen(said.choice, decided, departure_reason),
    )


def _also_decided(evaluation: Evaluation) -> tuple[Ref, ...]:
    two = evaluation.factorial
    return () if two is None else (two.second.knowledge_object,)


def _of_one_trial(evaluation: Evaluation, protocol: Protocol) -> None:
    if evaluation.protocol != protocol.ref():
        raise DefinitionError(
            f"The evaluation is of protocol {evaluation.protocol.short}, but "
            f"{protocol.ref().short} was handed in.",
            code="decision-mismatch",
            why="A result is read by the rule under which it was obtained.",
            remedies=("Hand in the protocol that the evaluation names.",),
        )


def _knowledge(evaluation: Evaluation, knowledge_object: Ref | None) -> Ref:
    known = evaluation.knowledge_object or knowledge_object
    if known is None or knowledge_object not in {None, known}:
        raise DefinitionError(
            "The evaluation and the decision do not name one knowledge object.",
            code="decision-without-knowledge",
            why="What is adopted must be what was put to the test.",
            remedies=("Hand in the knowledge object that the rollout names.",),
        )
    return known


def _chosen(
    recommended: Choice, decided: Choice | None, departure_reason: str
) -> Choice:
    choice = decided or recommended
    if choice != recommended and not departure_reason.strip():
        raise DefinitionError(
            f"The rule recommends {recommended}; the decision is {choice}, "
            "and no reason for departing from the rule is given.",
            code="departure-without-reason",
            why="A rule fixed beforehand guards against wishes; leaving it is allowed, "
            "in the open.",
            remedies=(
                "Give departure_reason.",
                f"Decide {recommended}, as the rule recommends.",
            ),
        )
    return choice
