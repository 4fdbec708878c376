"""`safe`: a noun as it may leave the house."""

from collections.abc import Callable
from typing import Any, TypeVar

from rounds.ledger.disclosure.alert import safe_alert
from rounds.ledger.disclosure.cells import without_small_n
from rounds.ledger.disclosure.cohort import safe_cohort_result
from rounds.ledger.disclosure.equity import safe_equity
from rounds.ledger.disclosure.evaluation import safe_evaluation
from rounds.ledger.disclosure.opportunity import safe_opportunities
from rounds.ledger.disclosure.partition import safe_partition
from rounds.ledger.disclosure.problem import safe_chart, safe_problem
from rounds.ledger.disclosure.results import safe_measure_result
from rounds.ledger.disclosure.value import safe_maintenance
from rounds.ledger.disclosure.wording import safe_text, safe_texts
from rounds.methods.disclosure.suppression import is_small
from rounds.nouns import (
    Alert,
    CohortResult,
    ControlChart,
    Decision,
    Equity,
    Estimate,
    Evaluation,
    Evidence,
    Maintenance,
    MeasureResult,
    NotEstimable,
    Noun,
    OpportunityList,
    Problem,
    Rollout,
    VariancePartition,
)

__all__ = ["safe"]

AnyNoun = TypeVar("AnyNoun", bound=Noun)


def safe(noun: AnyNoun) -> AnyNoun:
    """Give the noun with its small counts hidden; the same noun where it has none.

    Counts of 1 to 10 persons, the rates and intervals that would give them back, and
    what subtraction from a total would give back are None with `suppressed` true, or
    `NotEstimable` where the noun holds an estimate. Numbers made from hidden cells
    keep three digits. Doing it twice changes nothing more.

    Parameters
    ----------
    noun : Noun
        Of any class. Numbers taken from the literature (`Source`) are others' and
        are left as printed. For units of a measure use `safe_results`, which sees
        them all.

    Returns
    -------
    Noun
        Of the same class.
    """
    for kind, act in _SAFE.items():
        if isinstance(noun, kind):
            return act(noun)  # type: ignore[no-any-return]
    return noun


def _rollout(rollout: Rollout) -> Rollout:
    small = rollout.design.unit == "patient" and is_small(rollout.n_units or 0)
    return rollout.model_copy(update={"n_units": None}) if small else rollout


def _decision(decision: Decision) -> Decision:
    return decision.model_copy(update={"reasons": safe_texts(decision.reasons)})


def _evidence(evidence: Evidence) -> Evidence:
    return evidence.model_copy(update={"limitations": safe_texts(evidence.limitations)})


def _not_estimable(answer: NotEstimable) -> NotEstimable:
    return NotEstimable(reason=safe_text(answer.reason))


_SAFE: dict[type[Noun], Callable[[Any], Any]] = {
    Problem: safe_problem,
    OpportunityList: safe_opportunities,
    Evaluation: safe_evaluation,
    Equity: safe_equity,
    VariancePartition: safe_partition,
    Alert: safe_alert,
    CohortResult: safe_cohort_result,
    MeasureResult: safe_measure_result,
    ControlChart: safe_chart,
    Maintenance: safe_maintenance,
    Rollout: _rollout,
    Decision: _decision,
    Evidence: _evidence,
    Estimate: without_small_n,
    NotEstimable: _not_estimable,
}
