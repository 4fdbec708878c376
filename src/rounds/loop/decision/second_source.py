"""What the second factor of a finished trial did becomes a source of the next turn."""

from rounds.loop.decision.next_turn import as_source
from rounds.nouns import (
    PICO,
    Decision,
    DefinitionError,
    Evaluation,
    NotEstimable,
    Protocol,
    Source,
)

__all__ = ["second_as_source"]


def second_as_source(
    evaluation: Evaluation,
    decision: Decision,
    protocol: Protocol,
    turn_name: str,
) -> Source:
    """Give the second factor's effect as a Source, at the margins and without a prior.

    It names the same turn as the first factor's: they were found in the same people, so
    that evidence shows it and pools only one of them.

    Parameters
    ----------
    turn_name : str
        The turn's name, lower-case letters, digits and hyphens.

    Returns
    -------
    Source
        Named `<turn_name>-second`; its intervention is the second factor.

    Raises
    ------
    DefinitionError
        If the trial had one factor, the nouns are not of one turn, or there is no
        effect to carry.
    DiagnosticError
        If the estimate is sealed.
    """
    two, factors = evaluation.factorial, protocol.factors
    if two is None or factors is None:
        raise DefinitionError(
            "The trial had one factor; there is no second one to hand on.",
            code="no-second-factor",
            remedies=("Hand on the first: as_source.",),
        )
    # Its refs are those of the whole trial; only what is read differs.
    alone = evaluation.model_copy(
        update={
            "estimate": two.second.estimate,
            "posterior": NotEstimable(reason="no prior is of the second factor"),
        }
    )
    named = decision
    if decision.evaluation == evaluation.ref():
        named = decision.model_copy(update={"evaluation": alone.ref()})
    source = as_source(alone, named, protocol, turn_name, carry="estimate")
    made_from = (evaluation.ref(), decision.ref(), protocol.ref())
    return source.model_copy(
        update={
            "name": f"{turn_name}-second",
            "title": f"{evaluation.title}: {factors.second} (estimate alone)",
            "pico": PICO(
                population=source.pico.population,
                intervention=factors.second,
                comparator=f"without it, over both arms of {factors.first}",
                outcome=source.pico.outcome,
            ),
            "provenance": source.provenance.model_copy(update={"made_from": made_from}),
        }
    )
