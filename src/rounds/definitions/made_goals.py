"""What made-up patients are to show: every way in which a clause holds, or does not.

A way is a list of goals, one for each leaf of the clause that matters. Of an `any` each
part is a way for it to hold, with the others not holding; of an `all` each part is a
way for it not to hold, with the others holding. So each branch of a definition is
walked, but not each combination of branches.
"""

from typing import Literal, NamedTuple

from rounds.nouns import All, Any, Compare, Criterion, Not

__all__ = ["Goal", "Way", "ways"]

How = Literal["holds", "fails", "missing"]


class Goal(NamedTuple):
    """A leaf, and how it is to come out; `missing` is a comparison without a number."""

    node: Criterion
    how: How

    @property
    def is_true(self) -> bool:
        """Whether the leaf is to hold."""
        if self.how == "missing":
            return isinstance(self.node, Compare) and self.node.if_missing
        return self.how == "holds"


class Way(NamedTuple):
    """One way for a clause to come out: what decides it, and how the rest is."""

    deciding: tuple[Goal, ...]
    rest: tuple[Goal, ...] = ()

    @property
    def goals(self) -> tuple[Goal, ...]:
        """All of them, those that decide first."""
        return (*self.deciding, *self.rest)


def ways(node: Criterion, *, holds: bool) -> list[Way]:
    """Give every way in which a criterion holds, or does not; the plainest first."""
    if isinstance(node, Not):
        return ways(node.of, holds=not holds)
    if isinstance(node, All | Any):
        if isinstance(node, All) == holds:
            return _all_so(node.of, holds=holds)
        return _one_so(node.of, holds=holds)
    found = [Way((Goal(node, "holds" if holds else "fails"),))]
    if isinstance(node, Compare) and node.if_missing == holds:
        found.append(Way((Goal(node, "missing"),)))
    return found


def _all_so(parts: tuple[Criterion, ...], *, holds: bool) -> list[Way]:
    """Vary one part at a time; the others as plainly as can be."""
    each = [ways(part, holds=holds) for part in parts]
    found = [
        Way(
            tuple(goal for one in each for goal in one[0].deciding),
            tuple(goal for one in each for goal in one[0].rest),
        )
    ]
    for place, options in enumerate(each):
        others = [one[0] for one in (*each[:place], *each[place + 1 :])]
        rest = [goal for one in others for goal in one.goals]
        found += [Way(one.deciding, (*one.rest, *rest)) for one in options[1:]]
    return found


def _one_so(parts: tuple[Criterion, ...], *, holds: bool) -> list[Way]:
    """Let one part decide, and the others be otherwise."""
    found = []
    for place, part in enumerate(parts):
        others = (*parts[:place], *parts[place + 1 :])
        rest = [goal for one in others for goal in ways(one, holds=not holds)[0].goals]
        found += [
            Way(one.deciding, (*one.rest, *rest)) for one in ways(part, holds=holds)
        ]
    return found
