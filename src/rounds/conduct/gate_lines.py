"""A measure's result as the lines that the gate judges, and as what is left of it."""

import hashlib
from collections.abc import Mapping

from rounds.conduct.differencing_guard import Line
from rounds.methods.differencing import PersonSum
from rounds.methods.disclosure_profiles import Profile
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
    """Give the lines of a result with who is in them, where that is known."""
    hidden = {
        "overall": shown.overall.suppressed,
        **{f"unit {unit.unit}": unit.suppressed for unit in shown.by},
        **{f"population {name}": n is None for name, n in shown.populations.items()},
    }
    return [
        Line(name, members[name], gone, labelled=not profile.redacts)
        for name, gone in hidden.items()
        if name in members
    ]


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
