"""A cohort's result as the lines that the gate judges, and as what is left of it."""

import hashlib
from collections.abc import Callable, Mapping

from rounds.conduct.differencing_guard import Line
from rounds.methods.disclosure.differencing import PersonSum
from rounds.methods.disclosure.profiles import Profile
from rounds.nouns import CohortResult, UnitResult

__all__ = [
    "lines_of_cohort",
    "question_of_cohort",
    "rounded_cohort",
    "with_cohort_lines",
    "without_events_of_few",
]

Members = Mapping[str, tuple[PersonSum, ...]]
Changed = Callable[[str, int | None], int | None]

_CLOSE = (
    "Counts are left out also where what you were told before, and they, would "
    "together be about very few people."
)


def lines_of_cohort(
    shown: CohortResult, members: Members, profile: Profile
) -> list[Line]:
    """Give the counts of a result as lines, with who is in them.

    A count that is not that of the persons named is no line: it cannot be compared.
    """
    return [
        Line(name, members[name], count is None, labelled=not profile.redacts)
        for name, count in _counts(shown).items()
        if name in members
        and (count is None or all(one.total == count for one in members[name]))
    ]


def with_cohort_lines(shown: CohortResult, told: frozenset[str]) -> str:
    """Leave out of a result all counts but some; give it as JSON."""
    less = _changed(shown, lambda name, count: count if name in told else None)
    if less == shown:
        return shown.to_json()
    limitations = (*shown.limitations, _CLOSE)
    changed = {"limitations": limitations, "suppressed": True}
    return less.model_copy(update=changed).to_json()


def without_events_of_few(result: CohortResult, profile: Profile) -> CohortResult:
    """Leave out events and periods of few persons, for which no label can stand."""
    counts = _counts(result)

    def left(name: str, count: int | None) -> int | None:
        whose = {"periods": "persons"}.get(name, name.replace(" events", " persons"))
        few = whose != name and profile.is_small(counts[whose] or 0)
        return None if few else count

    return _changed(result, left)


def rounded_cohort(shown: CohortResult, profile: Profile) -> CohortResult:
    """Round what of a result is shown."""
    if profile.rounding == "none":
        return shown
    rounded = _changed(
        shown, lambda _, count: None if count is None else profile.rounded(count)
    )
    said = f"Numbers are rounded: {profile.says}."
    return rounded.model_copy(update={"limitations": (*shown.limitations, said)})


def question_of_cohort(result: CohortResult) -> str:
    """Name a question by the definition that is asked for; not by its data."""
    return hashlib.sha256(f"cohort\n{result.cohort}".encode()).hexdigest()


def _counts(result: CohortResult) -> dict[str, int | None]:
    """Give every count of a result by the name of its line."""
    found: dict[str, int | None] = {}
    for n, step in enumerate(result.attrition):
        found[f"step {n} persons"] = step.persons
        found[f"step {n} events"] = step.events
        found[f"step {n} alone"] = step.persons_alone
    found |= {"persons": result.persons, "periods": result.periods}
    found |= {f"sex {one.unit}": one.denominator for one in result.by_sex}
    return found | {f"age {one.unit}": one.denominator for one in result.by_age}


def _changed(result: CohortResult, changed: Changed) -> CohortResult:
    """Give a result with each count as the function gives it by its line's name."""
    counts = {name: changed(name, count) for name, count in _counts(result).items()}

    def units(split: str, given: tuple[UnitResult, ...]) -> tuple[UnitResult, ...]:
        return tuple(
            UnitResult(unit=one.unit, suppressed=True)
            if counts[f"{split} {one.unit}"] is None
            else one.model_copy(update={"denominator": counts[f"{split} {one.unit}"]})
            for one in given
        )

    steps = tuple(
        step.model_copy(
            update={
                "persons": counts[f"step {n} persons"],
                "events": counts[f"step {n} events"],
                "persons_alone": counts[f"step {n} alone"],
            }
        )
        for n, step in enumerate(result.attrition)
    )
    return result.model_copy(
        update={
            "attrition": steps,
            "persons": counts["persons"],
            "periods": counts["periods"],
            "by_sex": units("sex", result.by_sex),
            "by_age": units("age", result.by_age),
        }
    )
