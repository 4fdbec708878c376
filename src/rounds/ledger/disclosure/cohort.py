"""Small counts in the result of a cohort: each step of the attrition holds the next."""

from collections.abc import Sequence
from itertools import pairwise

from rounds.ledger.disclosure.results import hide_unit, safe_results
from rounds.ledger.disclosure.wording import safe_texts
from rounds.methods.disclosure.suppression import THRESHOLD, is_small
from rounds.nouns import AttritionStep, CohortResult, UnitResult

__all__ = ["safe_cohort_result"]


def safe_cohort_result(
    result: CohortResult, *, threshold: int = THRESHOLD
) -> CohortResult:
    """Hide small counts of a cohort, and what subtraction would give back.

    Persons of one step are among those of every step before it, so that the difference
    of two is a count of persons as well: from the first step on, a count is shown only
    if it differs from each shown one by nobody or by more than a few. By sex and by age
    the same persons are divided, so where one table hides the total, so does the other.
    """
    if result.persons is None or result.suppressed:
        return result
    steps, n_last = _steps(result, threshold)
    persons = n_last
    total = UnitResult(unit="overall", denominator=result.persons)
    tables = [
        safe_results(each, total, threshold=threshold)
        for each in (result.by_sex, result.by_age)
    ]
    if persons is None or any(whole and whole.suppressed for _, whole in tables):
        # The sum of a table that is shown whole would say it.
        tables = [(tuple(map(hide_unit, each)), None) for each, _ in tables]
        steps = _without(steps, result.persons)
        persons = None
    periods = result.periods
    if persons is None or is_small((periods or 0) - persons, threshold):
        periods = None
    hidden = persons is None or any(
        None in (one.persons, one.events, one.persons_alone) for one in steps
    )
    units = [unit for table, _ in tables for unit in table]
    return result.model_copy(
        update={
            "attrition": tuple(steps),
            "persons": persons,
            "periods": periods,
            "by_sex": tables[0][0],
            "by_age": tables[1][0],
            "limitations": safe_texts(result.limitations),
            "suppressed": hidden or any(unit.suppressed for unit in units),
        }
    )


def _steps(
    result: CohortResult, threshold: int
) -> tuple[list[AttritionStep], int | None]:
    """Hide what is small in a chain of steps; give it, and the persons at its end."""
    shown: list[int] = []

    def may_be_shown(count: int | None) -> bool:
        return count is not None and not any(
            is_small(abs(count - other), threshold) for other in (0, *shown)
        )

    chain = []
    for step in result.attrition:
        persons = step.persons if may_be_shown(step.persons) else None
        shown += [] if persons is None else [persons]
        chain.append(persons)
    last = result.persons if may_be_shown(result.persons) else None
    shown += [] if last is None else [last]
    steps = []
    for step, persons in zip(result.attrition, chain, strict=True):
        alone = step.persons_alone if may_be_shown(step.persons_alone) else None
        shown += [] if alone is None else [alone]
        events = step.events
        if persons is None or is_small((events or 0) - persons, threshold):
            events = None
        steps.append(
            step.model_copy(
                update={"persons": persons, "events": events, "persons_alone": alone}
            )
        )
    return _events_apart(steps, threshold), last


def _events_apart(
    steps: Sequence[AttritionStep], threshold: int
) -> list[AttritionStep]:
    """Hide events of a step that fewer than a handful set apart from those before."""
    found = list(steps)
    for n, (before, after) in enumerate(pairwise(steps), 1):
        if before.events is None or after.events is None:
            continue
        if is_small(before.events - after.events, threshold):
            found[n] = after.model_copy(update={"events": None})
    return found


def _without(steps: Sequence[AttritionStep], persons: int) -> list[AttritionStep]:
    """Hide a count where it is that of the whole."""
    return [
        step.model_copy(
            update={
                name: None
                for name in ("persons", "events", "persons_alone")
                if getattr(step, name) == persons
            }
        )
        for step in steps
    ]
