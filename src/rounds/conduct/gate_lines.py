"""A measure's result as the lines that the gate judges, and as what is left of it."""

import hashlib
from collections.abc import Mapping

from rounds.conduct.differencing_guard import Line
from rounds.methods.disclosure.differencing import PersonSum
from rounds.methods.disclosure.profiles import Profile
from rounds.nouns import MeasureResult, UnitResult

__all__ = ["lines_of_result", "question_of", "with_lines"]

Members = Mapping[str, tuple[PersonSum, ...]]

_CLOSE = (
    "Lines without numbers are left out also where what you were told before, and "
    "they, would together be about very few people."
)


def lines_of_result(
    shown: MeasureResult, members: Members, profile: Profile
) -> list[Line]:
    """Give the lines of a result with who is in them, where that is known.

    A database of others may change between the count and the look at who is counted:
    where the two differ, it is not known who is in the line.
    """
    units = {"overall": shown.overall, **{f"unit {one.unit}": one for one in shown.by}}
    counts: dict[str, tuple[int | None, ...]] = {
        name: () if unit.suppressed else (unit.denominator, unit.numerator)
        for name, unit in units.items()
    }
    for name, n in shown.populations.items():
        counts[f"population {name}"] = () if n is None else (n,)
    return [
        Line(name, members[name], not told, labelled=not profile.redacts)
        for name, told in counts.items()
        if name in members and _is_of(members[name], told)
    ]


def _is_of(sums: tuple[PersonSum, ...], told: tuple[int | None, ...]) -> bool:
    """Say whether the counts that are told are those of the persons named."""
    pairs = zip(sums, told, strict=False)
    return all(count is None or one.total == count for one, count in pairs)


def with_lines(shown: MeasureResult, told: frozenset[str]) -> str:
    """Leave out of a result all lines but some; give it as JSON."""

    def left(unit: UnitResult, name: str) -> UnitResult:
        return unit if name in told else UnitResult(unit=unit.unit, suppressed=True)

    changed = {
        "overall": left(shown.overall, "overall"),
        "by": tuple(left(unit, f"unit {unit.unit}") for unit in shown.by),
        "populations": {
            name: n if f"population {name}" in told else None
            for name, n in shown.populations.items()
        },
    }
    less = shown.model_copy(update=changed)
    if less != shown:
        limitations = (*shown.limitations, _CLOSE)
        less = less.model_copy(update={"limitations": limitations})
    return less.to_json()


def question_of(result: MeasureResult) -> str:
    """Name a question by all that makes it another; not by its data."""
    asked = [str(result.measure), str(result.period), str(result.by_characteristic)]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()
