"""What cannot be asked of a trial is refused, before anything is counted or made."""

import numpy as np

from rounds.loop.evaluation.estimates.effects import check_covariates, scale_of
from rounds.loop.evaluation.estimates.summaries import OF_SHARES, OF_TIMES
from rounds.loop.evaluation.feasibility.answers import Asked
from rounds.loop.evaluation.feasibility.looking import enrolled_in
from rounds.loop.evaluation.feasibility.made_trials import FEWEST_TRIALS
from rounds.loop.evaluation.feasibility.past import Past
from rounds.loop.evaluation.feasibility.question import Question
from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import DefinitionError, Protocol

__all__ = ["NO_TIMES", "insist_askable"]

NO_TIMES = "Power is worked out for shares and numbers, not for times, as yet"


def insist_askable(past: Past, protocol: Protocol, asked: Asked) -> None:
    """Refuse what cannot be asked, before anything is counted or made.

    Raises
    ------
    DefinitionError
        As `feasibility`.
    """
    check_covariates(protocol)
    _insist_on_outcomes(protocol)
    people = enrolled_in(past.people, past, past.stretch.weeks)
    known = people.outcome[people.observed]
    share = float(known.mean()) if len(known) and known.any() else 0.5
    sized = np.isfinite(asked.effect) and (asked.effect > 0 or not _ratio(protocol))
    none = 1.0 if _ratio(protocol) else 0.0
    question = Question.of(protocol.primary, asked.effect if sized else none)
    is_share = scale_of(protocol.primary) in OF_SHARES
    tests = {
        f"--effect is a number other than {none:g}": sized
        and (asked.effect != none or question.hypothesis != "superiority"),
        "--effect carries no share beyond 0 or 1": not is_share
        or 0 < question.reached(share) < 1,
        "--effect lies within the margin": _within(question),
        "--power is above 0.05 and below 1": 0.05 < asked.wanted < 1,
        f"--simulate is 0, or at least {FEWEST_TRIALS}": asked.trials == 0
        or asked.trials >= FEWEST_TRIALS,
        "--seed is at least 0": asked.seed >= 0,
    }
    for said, is_so in tests.items():
        if not is_so:
            raise DefinitionError(
                f"{said.split(' ')[0]} does not fit.",
                code="feasibility-asked",
                remedies=(f"Mind that {said}.",),
            )


def _ratio(protocol: Protocol) -> bool:
    return is_ratio(scale_of(protocol.primary))


def _within(question: Question) -> bool:
    """Say whether what is true is what is to be shown; of superiority it is."""
    if question.hypothesis == "superiority":
        return True
    if question.hypothesis == "equivalence":
        return abs(question.effect) < question.margin
    return question.side * question.effect > -question.margin


def _insist_on_outcomes(protocol: Protocol) -> None:
    """Refuse a primary endpoint of times, of which no power is worked out."""
    primary = protocol.primary
    if scale_of(primary) in OF_TIMES:
        summary = scale_of(primary).replace("_", " ")
        raise DefinitionError(
            f"{NO_TIMES} ({primary.estimand.name}: {summary}).",
            code="feasibility-asked",
            why="A time read as a share would give another power.",
            remedies=(
                (
                    "Plan with summary_measure risk_difference, risk_ratio or "
                    "odds_ratio (or mean_difference) in a copy of turn.yaml, and ask."
                ),
            ),
        )
