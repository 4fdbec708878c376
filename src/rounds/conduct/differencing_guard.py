"""Whether an answer, with all that the same person was told before, tells too much."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rounds.methods.disclosure.differencing import Cover, PersonSum
from rounds.practice.asked import Asking, Known

__all__ = ["DifferencingGuard", "Line", "Verdict"]


@dataclass(frozen=True)
class Line:
    """One line of an answer, and the sums over persons that stand in it.

    Attributes
    ----------
    name : str
        A unit, a population, or `overall`.
    sums : tuple of PersonSum
        A denominator and, it may be, a numerator among its persons (or the sum that a
        mean is made of); after these two, sums of values.
    hidden : bool
        Whether the line is left out because something in it is small.
    labelled : bool
        Whether a small count is shown as the label of all small counts.
    """

    name: str
    sums: tuple[PersonSum, ...]
    hidden: bool = False
    labelled: bool = False


@dataclass(frozen=True)
class Verdict:
    """Which lines may not be told, and what is known once the others are.

    Attributes
    ----------
    withheld : frozenset of str
        Names of lines.
    known : tuple of Known
        What the asker then knows and did not know before.
    """

    withheld: frozenset[str]
    known: tuple[Known, ...]


@dataclass
class DifferencingGuard:
    """Compares each question with all that the same person has been told.

    Attributes
    ----------
    threshold : int
        The greatest small count.
    """

    threshold: int
    _covers: dict[str, tuple[Cover, int, bool]] = field(default_factory=dict)

    def judge(self, asking: Asking, lines: Sequence[Line]) -> Verdict:
        """Decide line by line, those of most persons first.

        That a line is left out for being small is knowledge too: where the count is 1
        or the threshold, the bound is sharp, and no sum of what is told may rest on
        those persons alone. If that cannot be kept, no line of the question is told.
        """
        cover, is_full = self._cover(asking)
        parted = {line.name: self._parted(line) for line in lines}
        marks = [mark for _, small in parted.values() for mark in small]
        if not all(cover.avoid(mark.keys) for mark in marks):
            return Verdict(frozenset(line.name for line in lines), ())
        known = [Known("mark", mark) for mark in marks]
        withheld: set[str] = set()
        shown = [line for line in lines if not line.hidden]
        for line in sorted(shown, key=lambda line: -_size(line)):
            for told in parted[line.name][0]:
                if cover.knows(told):
                    continue
                if is_full or not cover.admit(told):
                    withheld.add(line.name)
                    break
                # Kept although the line may yet be withheld: it errs on the safe side.
                known.append(Known("sum", told))
        return Verdict(frozenset(withheld), tuple(known))

    def forget(self, asker: str) -> None:
        """Read anew what an asker knows, as after an answer that was not kept."""
        self._covers.pop(asker, None)

    def _cover(self, asking: Asking) -> tuple[Cover, bool]:
        """Give what is known to the asker; and whether more must not be told."""
        cover, last, is_full = self._covers.get(
            asking.asker, (Cover(self.threshold + 1), 0, False)
        )
        for number, known in asking.known(after=last):
            if known.kind == "mark":
                kept = cover.avoid(known.told.keys)
            else:
                kept = cover.admit(known.told)
            # What was told under a looser rule cannot be taken back.
            is_full = is_full or not kept
            last = number
        self._covers[asking.asker] = (cover, last, is_full)
        return cover, is_full

    def _parted(self, line: Line) -> tuple[list[PersonSum], list[PersonSum]]:
        """Give the sums that the line tells, and the marks that it sets.

        A mark is a part of the line of which it is said that it is small, where its
        count is 1 or the threshold.
        """
        if not (line.hidden or line.labelled):
            return list(line.sums), []
        parts, values = list(line.sums[:2]), list(line.sums[2:])
        small = [part for part in parts if self._is_small(part)]
        compared = [part for part in parts if not self._is_small(part)]
        if len(parts) == 2:
            others = np.setdiff1d(parts[0].keys, parts[1].keys, assume_unique=True)
            if self._is_small(PersonSum(others)):
                small.append(PersonSum(others))
                compared = compared[:1]
        marks = [part for part in small if len(part) in {1, self.threshold}]
        # A label stands for small counts; no label stands for a sum of values.
        return ([] if line.hidden else compared + values), marks

    def _is_small(self, part: PersonSum) -> bool:
        return 1 <= len(part) <= self.threshold


def _size(line: Line) -> int:
    return max(map(len, line.sums), default=0)
