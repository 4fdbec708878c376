"""The designs of `rounds evaluation feasibility`, as a table and lines below it."""

from typing import TYPE_CHECKING

from rounds.cli.output import table

if TYPE_CHECKING:
    from rounds.conduct import FeasibilityTold
    from rounds.loop.evaluation.feasibility import DesignAnswer, MadeTrials

__all__ = ["design_lines"]


def design_lines(told: "FeasibilityTold") -> list[str]:
    """Give a row for each design, and what is to be said of some below."""
    asked, found = told.asked, told.found
    rows = [_row(one, told) for one in found.designs]
    lines = table((*_header(told), f"weeks to {asked.wanted:.0%}"), rows)
    lines += [
        "",
        (
            "* as planned in turn.yaml; weeks are of enrolment, and an answer takes "
            f"{told.follow_up_weeks} more of follow-up"
        ),
    ]
    lines += [f"  {one.title}: {one.why}." for one in found.designs if one.why]
    for one in found.designs:
        lines += [f"  {one.title}: {said}" for said in _said(one, told)]
    return lines


def _header(told: "FeasibilityTold") -> tuple[str, ...]:
    wanted, hypothesis = told.asked.wanted, told.question.hypothesis
    effect = _effect(told.asked.effect, told)
    if hypothesis == "superiority":
        found, power = f"found with {wanted:.0%}", f"power for {effect}"
    else:
        found = f"margin held with {wanted:.0%}"
        margin = _size(told.question.told(told.question.margin), told)
        power = f"{hypothesis} ({margin}), if {effect}"
    return "design", "enrolled", found, power, "by made trials"


def _row(one: "DesignAnswer", told: "FeasibilityTold") -> tuple[str, ...]:
    longest = told.found.longest
    weeks = f"over {longest}" if one.weeks is None else f"{one.weeks}"
    if one.fewest > longest:
        weeks = f"at least {one.fewest}"
    name = f"{one.title}{' *' if one.planned else ''}"
    n = "" if one.n is None else f"{one.n:,}"
    if one.units == "visits":
        n += " visits"
    if one.power is None and one.made is None:
        weeks = "" if one.weeks is None and one.fewest <= longest else weeks
        return name, n, "not estimable", "not estimable", "", weeks
    made = "not made"
    if one.made is not None:
        made = _made(one.made) + (" !" if one.differ else "")
    if one.power is None:
        return name, n, "no formula", "no formula", made, "no formula"
    if one.detectable is None:
        found = "none"
    elif told.question.hypothesis == "superiority":
        found = _effect(one.detectable, told)
    else:
        found = _size(one.detectable, told)
    return name, n, found, f"{one.power:.1%}", made, weeks


def _said(one: "DesignAnswer", told: "FeasibilityTold") -> list[str]:
    """Say what is to be minded, and what is told of one design alone."""
    said = []
    if one.differ:
        said.append(
            "formula and made trials differ by more than 2 points and chance; plan "
            "with the lower."
        )
    if one.made is not None and one.made.unanswered:
        said.append(
            f"{one.made.unanswered} of {one.made.trials} made trials gave no answer "
            "and count as not found."
        )
    if one.alike is not None:
        said.append(
            "every visit at which a card would be due; two of one patient have a "
            f"correlation of {one.alike:.2f} within a clinic."
        )
    seen = one.interaction
    if seen is not None:
        effect = _effect(told.asked.effect, told)
        by_trials = "" if seen.made is None else f" (made trials {_made(seen.made)})"
        said.append(
            f"power of either card at the margins, the other doing nothing; an "
            f"interaction of {effect} is found with {seen.power:.1%}{by_trials}."
        )
        lost = seen.made_withheld
        by_trials = "" if lost is None else f" (made trials {_made(lost)})"
        said.append(
            f"where nothing interacts, the margins are withheld with a chance of "
            f"{seen.withheld:.1%}{by_trials}."
        )
    return said


def _made(made: "MadeTrials") -> str:
    return f"{made.power:.1%} ± {made.error:.1%}"


def _effect(value: float, told: "FeasibilityTold") -> str:
    if told.question.is_ratio:
        return f"a ratio of {value:.3g}"
    return f"{100 * value:+.1f} points" if told.outcome.is_share else f"{value:+.3g}"


def _size(value: float, told: "FeasibilityTold") -> str:
    """Give a margin, which has no sign; of a ratio 0.8 and 1.25 are the same."""
    return _effect(value, told).lstrip("+")
