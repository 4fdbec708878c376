"""Arms that change over time: who hears it from which day on."""

import datetime as dt
from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun
from rounds.nouns.period import Period

__all__ = ["Schedule"]


class Schedule(Noun):
    """The sequences of arms that clinics are randomised to, and the days they turn on.

    A stepped wedge: all begin silent, one sequence after another switches to the card,
    and none goes back. A cluster cross-over: each goes through both arms, and in every
    period there are some of both.
    """

    kind: Literal["stepped_wedge", "cluster_crossover"]
    period_starts: tuple[dt.date, ...]
    """The first day of each period; the last period ends with enrolment."""
    sequences: tuple[str, ...] = ()
    """One digit a period, 0 silent and 1 active, as `0011`. If not given: a step at
    every boundary, or a cross-over that begins in either arm."""
    transition_days: int = Field(default=0, ge=0)
    """Days at the end of each period but the last on which nobody is enrolled, so that
    follow-up is over before arms change."""
    not_enrolling: tuple[tuple[int, int], ...] = ()
    """(Sequence, period), counted from 1, in which nobody is enrolled: an incomplete
    design. The card follows the sequence there all the same."""

    @model_validator(mode="before")
    @classmethod
    def _with_usual_sequences(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("sequences"):
            return given
        n = len(given.get("period_starts") or ())
        if given.get("kind") == "stepped_wedge":
            usual = ["0" * k + "1" * (n - k) for k in range(1, n)]
        else:
            usual = [
                "".join(str((i + first) % 2) for i in range(n)) for first in (0, 1)
            ]
        return {**given, "sequences": tuple(usual)}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = self._days_wrong() or self._rows_wrong() or self._cells_wrong()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _days_wrong(self) -> list[str]:
        days = self.period_starts
        if len(days) < 2:
            return ["a schedule has two periods at the least"]
        if any(b <= a for a, b in pairwise(days)):
            return ["each period starts after the one before it"]
        return [
            f"of the period from {a} nothing is left beside a transition of "
            f"{self.transition_days} days"
            for a, b in pairwise(days)
            if (b - a).days <= self.transition_days
        ]

    def _rows_wrong(self) -> list[str]:
        n, rows = len(self.period_starts), self.sequences
        if any(len(row) != n or set(row) - {"0", "1"} for row in rows):
            return [f"each sequence is {n} digits of 0 and 1, one a period"]
        if len(set(rows)) != len(rows) or len(rows) < 2:
            return ["name two different sequences at the least"]
        wrong = [f"sequence {row} never switches" for row in rows if len(set(row)) == 1]
        if self.kind == "stepped_wedge":
            wrong += [
                f"sequence {row} goes back; in a stepped wedge none does"
                for row in rows
                if "10" in row
            ]
        return wrong

    def _cells_wrong(self) -> list[str]:
        n, k = len(self.period_starts), len(self.sequences)
        for row, column in self.not_enrolling:
            if not (1 <= row <= k and 1 <= column <= n):
                return [f"there is no period {column} of a sequence {row}"]
        if len(set(self.not_enrolling)) != len(self.not_enrolling):
            return ["not_enrolling names a cell twice"]
        arms = [
            {self.sequences[i][t] for i in range(k) if self.enrols(i, t)}
            for t in range(n)
        ]
        silent_rows = [
            i + 1 for i in range(k) if not any(self.enrols(i, t) for t in range(n))
        ]
        wrong = [f"sequence {row} never enrols" for row in silent_rows]
        wrong += [
            f"in period {t + 1} nobody is enrolled" for t in range(n) if not arms[t]
        ]
        both = [len(seen) == 2 for seen in arms]
        if self.kind == "cluster_crossover":
            one_armed = [t + 1 for t in range(n) if arms[t] and not both[t]]
            wrong += [f"in period {t} all are in one arm" for t in one_armed]
        elif not any(both):
            wrong.append(
                "in no period are both arms enrolled: time cannot be told apart"
            )
        return wrong

    def problems_within(
        self, enrolment: Period, follow_up_days: int, unit: str
    ) -> list[str]:
        """Say what of it does not fit a protocol; nothing if all does."""
        problems = []
        if unit != "clinic":
            problems.append(f"a {self.title} randomises clinics, not by {unit}")
        if self.period_starts[0] != enrolment.start:
            problems.append("the first period starts with enrolment")
        if self.period_starts[-1] > enrolment.end:
            problems.append(
                f"the step on {self.period_starts[-1]} lies outside enrolment, which "
                f"ends on {enrolment.end}"
            )
        if self.transition_days < follow_up_days:
            problems.append(
                f"follow-up of {follow_up_days} days runs over a step: make "
                f"transition_days {follow_up_days} or more"
            )
        return problems

    @property
    def title(self) -> str:
        """Its kind in words."""
        named = {"stepped_wedge": "stepped wedge", "cluster_crossover": "cross-over"}
        return named[self.kind]

    @property
    def names(self) -> tuple[str, ...]:
        """The sequences' names, as allocations hold them."""
        return tuple(f"sequence-{i + 1}" for i in range(len(self.sequences)))

    def enrols(self, sequence: int, period: int) -> bool:
        """Say whether a sequence enrols in a period; both are counted from 0."""
        return (sequence + 1, period + 1) not in self.not_enrolling

    def closes(self, period: int, enrolment_ends: dt.date) -> dt.date:
        """Give the last day on which a period, counted from 0, enrols."""
        if period + 1 == len(self.period_starts):
            return enrolment_ends
        begins = self.period_starts[period + 1]
        return begins - dt.timedelta(days=self.transition_days + 1)

    def whole_periods(self, last: dt.date, enrolment_ends: dt.date) -> int:
        """Count the periods that have enrolled all of theirs by a day."""
        n = len(self.period_starts)
        return sum(self.closes(t, enrolment_ends) <= last for t in range(n))

    def arm(self, sequence: str, day: dt.date) -> Literal["active", "silent"]:
        """Give the arm of a named sequence on a day; the last period runs on."""
        period = sum(start <= day for start in self.period_starts) - 1
        row = self.sequences[self.names.index(sequence)]
        return "active" if period >= 0 and row[period] == "1" else "silent"
