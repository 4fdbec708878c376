"""Small counts in an Evaluation: arms, exclusions, groups, reach and reasons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rounds.ledger.disclosure.cells import (
    HIDDEN,
    coarse,
    has_small_part,
    hide_estimate,
    suppress_counted,
    without_small_n,
)
from rounds.ledger.disclosure.factorial import safe_cells
from rounds.ledger.disclosure.reach import safe_reach
from rounds.ledger.disclosure.value import safe_phases, safe_value
from rounds.ledger.disclosure.wording import safe_text, safe_texts
from rounds.methods.disclosure.suppression import THRESHOLD, is_small
from rounds.nouns import (
    AdaptiveResult,
    ArmSummary,
    BalanceRow,
    BalancingResult,
    Diagnostic,
    EquityEffect,
    Estimate,
    Evaluation,
    FactorialResult,
    Flow,
    HypothesisResult,
    Interaction,
    NotEstimable,
    Posterior,
    ScheduleResult,
    SecondaryResult,
)

__all__ = ["safe_evaluation"]

_UNSAID = re.compile(rf"at most {THRESHOLD}\b(?!%)")
"""How a step says a small count that it does not say."""

AnyResult = TypeVar("AnyResult", SecondaryResult, BalancingResult)


def safe_evaluation(evaluation: Evaluation) -> Evaluation:
    """Hide small counts in everything that an evaluation counts in persons."""
    arms = safe_arms(evaluation.flow.arms)
    enrolled = sum(arm.n or 0 for arm in evaluation.flow.arms)
    equity = _equity(evaluation.equity, enrolled)
    estimate = evaluation.estimate
    if isinstance(estimate, Estimate):
        estimate = without_small_n(estimate)
    posterior, icc = evaluation.posterior, evaluation.icc
    test, against = evaluation.randomisation_test, evaluation.hypothesis
    if any(arm.suppressed for arm in arms):
        estimate, posterior = coarse(estimate), _posterior(posterior)
        icc = None if icc is None else round(icc, 2)
        test = None  # its digits would tell the counts that are hidden
        against = _against_margin(against)
    return evaluation.model_copy(
        update={
            "estimate": estimate,
            "posterior": posterior,
            "icc": icc,
            "randomisation_test": test,
            "hypothesis": against,
            "flow": _flow(evaluation.flow, arms),
            "balancing": tuple(_endpoint(each) for each in evaluation.balancing),
            "secondary": tuple(_endpoint(each) for each in evaluation.secondary),
            "equity": equity,
            "interactions": _interactions(evaluation.interactions, equity),
            "balance": _balances(evaluation.balance, evaluation.flow.arms),
            "reach": safe_reach(
                evaluation.reach,
                equity,
                by_patient=_by_patient(evaluation.flow),
                people=_people_shown(arms),
            ),
            "schedule": _schedule(
                evaluation.schedule, rounded=any(arm.suppressed for arm in arms)
            ),
            "factorial": _factorial(
                evaluation.factorial,
                equity,
                enrolled,
                rounded=any(arm.suppressed for arm in arms),
            ),
            "adaptive": _adaptive(
                evaluation.adaptive, rounded=any(arm.suppressed for arm in arms)
            ),
            "diagnostics": tuple(_diagnostic(each) for each in evaluation.diagnostics),
            "value": safe_value(
                evaluation.value,
                rounded=any(arm.suppressed for arm in arms),
                arms=tuple(_whom(arm) for arm in evaluation.flow.arms),
            ),
            "phases": safe_phases(
                evaluation.phases, rounded=any(arm.suppressed for arm in arms)
            ),
            "limitations": safe_texts(evaluation.limitations),
        }
    )


def _against_margin(found: HypothesisResult | None) -> HypothesisResult | None:
    """Round the p-value, which with the margin would give the estimate back."""
    if found is None or found.p_value is None:
        return found
    return found.model_copy(update={"p_value": round(found.p_value, 2)})


def _schedule(result: ScheduleResult | None, *, rounded: bool) -> ScheduleResult | None:
    """Hide what gives a small count back; round what rests on arms that are hidden."""
    if result is None:
        return None

    def shown(
        estimate: Estimate | NotEstimable | None,
    ) -> Estimate | NotEstimable | None:
        if estimate is None:
            return None
        kept = hide_estimate(estimate)
        return coarse(kept) if rounded else kept

    p_value = result.permutation_p
    return result.model_copy(
        update={
            "by_exposure_time": tuple(
                each.model_copy(update={"estimate": shown(each.estimate)})
                for each in result.by_exposure_time
            ),
            "time_average": shown(result.time_average),
            "within_clinics": shown(result.within_clinics),
            "permutation_p": round(p_value, 2) if rounded and p_value else p_value,
            "note": safe_text(result.note),
        }
    )


def _factorial(
    result: FactorialResult | None,
    equity: tuple[EquityEffect, ...],
    enrolled: int,
    *,
    rounded: bool,
) -> FactorialResult | None:
    """Hide what is small of the second factor as of the first, and all small cells."""
    if result is None:
        return None
    second = result.second
    parts = {
        "balancing": tuple(_endpoint(each) for each in second.balancing),
        "secondary": tuple(_endpoint(each) for each in second.secondary),
        "reach": safe_reach(second.reach, equity, by_patient=False),
        "equity": _equity(second.equity, enrolled),
    }
    safe = {"second": second.model_copy(update=parts)}
    return safe_cells(result.model_copy(update=safe), rounded=rounded)


def _adaptive(result: AdaptiveResult | None, *, rounded: bool) -> AdaptiveResult | None:
    """Round what rests on arms that are hidden: it would give them back."""
    if result is None:
        return None
    shown = {
        name: coarse(hide_estimate(found)) if rounded else hide_estimate(found)
        for name in ("unadjusted", "even_share")
        if (found := getattr(result, name)) is not None
    }
    return result.model_copy(update={**shown, "note": safe_text(result.note)})


def _posterior(posterior: Posterior | NotEstimable) -> Posterior | NotEstimable:
    """Round what follows from a rounded estimate: with the prior it gives that back."""
    if isinstance(posterior, NotEstimable):
        return posterior
    names = ("weight_informative", "conflict_p", "probability_benefit")
    rounded = {
        name: round(getattr(posterior, name), 2)
        for name in (*names, "probability_worthwhile")
    }
    changed = {"estimate": coarse(posterior.estimate), **rounded}
    return posterior.model_copy(update=changed)


@dataclass(frozen=True)
class _Cell:
    denominator: int | None
    numerator: int | None = None


def safe_arms(arms: tuple[ArmSummary, ...]) -> tuple[ArmSummary, ...]:
    """Hide an arm's small counts, and the other's where their sum is known."""
    cells = [_arm_cell(arm) for arm in arms]
    found = suppress_counted(cells, suppressed=[arm.suppressed for arm in arms])
    return tuple(
        _hide_arm(arm) if hide else arm
        for arm, hide in zip(arms, found.cells, strict=True)
    )


def _arm_cell(arm: ArmSummary) -> _Cell:
    """Give the persons of an arm; of visits, whose they are, unless these are few."""
    visits = _Cell(arm.n, arm.numerator)
    if arm.persons is None or has_small_part(visits):
        return visits
    return _Cell(*arm.persons)


def _whom(arm: ArmSummary) -> int | None:
    """Count the people of an arm; of visits, whose they are."""
    return arm.n if arm.persons is None else arm.persons[0]


def _hide_arm(arm: ArmSummary) -> ArmSummary:
    hidden = {"n": None, "numerator": None, "value": None, "suppressed": True}
    hidden |= {"persons": None, "time_at_risk": None}
    if arm.n is not None and arm.n_units == arm.n:
        hidden["n_units"] = None  # patients were randomised: units are persons
    return arm.model_copy(update=hidden)


def _flow(flow: Flow, arms: tuple[ArmSummary, ...]) -> Flow:
    """Hide small exclusions; their total too, where subtraction would give one back."""
    counts = [count or 0 for _, count in flow.excluded]
    small = [is_small(count) for count in counts]
    together = sum(count for count, hide in zip(counts, small, strict=True) if hide)
    n_small = sum(small)
    assessed = flow.assessed
    exposed = n_small == 1 or is_small(together) or together <= n_small
    if n_small and (exposed or any(arm.suppressed for arm in arms)):
        assessed = None
    if assessed is not None and is_small(assessed):
        assessed = None
    excluded = tuple(
        (reason, None if hide else count)
        for (reason, count), hide in zip(flow.excluded, small, strict=True)
    )
    return flow.model_copy(
        update={"assessed": assessed, "excluded": excluded, "arms": arms}
    )


def _endpoint(result: AnyResult) -> AnyResult:
    """Hide small arms; then the estimate's last digits, to which they could be fitted.

    A crude difference between two arms of known size, at sixteen digits, is an equation
    with one solution in whole numbers.
    """
    arms = safe_arms(result.arms)
    estimate = hide_estimate(result.estimate)
    if any(arm.suppressed for arm in arms):
        estimate = coarse(estimate)
    return result.model_copy(update={"arms": arms, "estimate": estimate})


def _equity(
    effects: tuple[EquityEffect, ...], enrolled: int
) -> tuple[EquityEffect, ...]:
    """Hide small groups of each characteristic, whose sum is known from the flow."""
    hidden: set[int] = set()
    for characteristic in dict.fromkeys(each.characteristic for each in effects):
        places = [
            place
            for place, each in enumerate(effects)
            if each.characteristic == characteristic
        ]
        cells = [_Cell(_whose(effects[place])) for place in places]
        before = [effects[place].suppressed for place in places]
        whole = enrolled
        if any(effects[place].persons is not None for place in places):
            whole = sum(cell.denominator or 0 for cell in cells)
        found = suppress_counted(
            cells, (whole, 0) if whole else None, suppressed=before
        )
        hidden |= {places[index] for index in np.flatnonzero(found.cells)}
    return tuple(
        _hide_group(each) if place in hidden else each
        for place, each in enumerate(effects)
    )


def _whose(effect: EquityEffect) -> int | None:
    """Count the people of a group; of visits, whose they are."""
    return effect.n if effect.persons is None else effect.persons


def _hide_group(effect: EquityEffect) -> EquityEffect:
    shrunken = None if effect.shrunken is None else HIDDEN
    changed = {"n": None, "estimate": HIDDEN, "shrunken": shrunken, "suppressed": True}
    changed["persons"] = None
    return effect.model_copy(update=changed)


def _interactions(
    interactions: tuple[Interaction, ...], equity: tuple[EquityEffect, ...]
) -> tuple[Interaction, ...]:
    """Hide a difference between groups one of which is hidden."""
    hidden = {each.characteristic for each in equity if each.suppressed}
    return tuple(
        each.model_copy(update={"estimate": HIDDEN})
        if each.characteristic in hidden and isinstance(each.estimate, Estimate)
        else each
        for each in interactions
    )


def _balances(
    rows: tuple[BalanceRow, ...], arms: tuple[ArmSummary, ...]
) -> tuple[BalanceRow, ...]:
    """Hide the shares that are small counts of an arm, or of those of it who are known.

    A share of those known has their number as its denominator, so it goes with them.
    """
    sizes: dict[str, int | None] = {arm.arm: arm.n for arm in arms}
    named = {row.characteristic: row for row in rows}
    safe_rows = []
    for row in rows:
        whom = named.get(f"{row.characteristic.partition(' ')[0]} known")
        if whom is None or not row.characteristic.endswith(", of those known"):
            safe_rows.append(_balance(row, sizes))
        elif _balance(whom, sizes).active is None:
            safe_rows.append(BalanceRow(characteristic=row.characteristic))
        else:
            known = {
                "active": _known(whom.active, sizes.get("active")),
                "silent": _known(whom.silent, sizes.get("silent")),
            }
            safe_rows.append(_balance(row, known))
    return tuple(safe_rows)


def _known(share: float | None, size: int | None) -> int | None:
    return None if share is None or size is None else round(share * size)


def _balance(row: BalanceRow, sizes: Mapping[str, int | None]) -> BalanceRow:
    """Hide a share that is a small count, on both sides."""
    for share, size in (
        (row.active, sizes.get("active")),
        (row.silent, sizes.get("silent")),
    ):
        if share is None or size is None or not 0 <= share <= 1:
            continue
        count = share * size
        whole = abs(count - round(count)) < 1e-6
        if whole and (is_small(round(count)) or is_small(size - round(count))):
            return BalanceRow(characteristic=row.characteristic)
    return row


def _people_shown(arms: tuple[ArmSummary, ...]) -> int | None:
    """Give whose visits the active arm's are, where that is shown."""
    active = (arm.persons for arm in arms if arm.arm == "active" and arm.persons)
    return next((n for n, _ in active), None)


def _by_patient(flow: Flow) -> bool:
    """Say whether the randomised units are persons."""
    return bool(flow.arms) and all(arm.n_units == arm.n for arm in flow.arms)


def _diagnostic(diagnostic: Diagnostic) -> Diagnostic:
    """Say small counts as 1–10; then drop the digits that they could be fitted to."""
    detail, value = safe_text(diagnostic.detail), diagnostic.value
    if value is not None and (detail != diagnostic.detail or _UNSAID.search(detail)):
        value = float(f"{value:.1g}")
    return diagnostic.model_copy(update={"detail": detail, "value": value})
