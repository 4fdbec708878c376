"""Answers that are compared with all earlier ones, and written down before told."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from rounds.conduct.differencing_guard import DifferencingGuard, Line
from rounds.methods.disclosure.suppression import THRESHOLD
from rounds.nouns import DisclosureError
from rounds.practice.asked import PUBLISHED, TOGETHER, Asked, Asking, Known

__all__ = ["Answering"]

Less = Callable[[frozenset[str]], str]
Judges = Sequence[tuple[DifferencingGuard, str]]
"""Guards, and on whose behalf each compares."""


class Answering:
    """What has been told, kept in a store, and the guard that compares with it.

    Parameters
    ----------
    asked : Asked
        The store, open.
    guard : DifferencingGuard
        For the profile in force.
    """

    def __init__(self, asked: Asked, guard: DifferencingGuard) -> None:
        self._asked = asked
        self._guard = guard
        self._strict = DifferencingGuard(THRESHOLD)

    @classmethod
    def open(cls, path: Path, threshold: int) -> Self:
        """Open the store; what is asked is compared by the greatest small count."""
        return cls(Asked.open(path), DifferencingGuard(threshold))

    def close(self) -> None:
        """Close the store."""
        self._asked.close()

    def answer(
        self,
        asker: str,
        question: str,
        lines: list[Line],
        less: Less,
        now: Callable[[], dt.datetime],
    ) -> str:
        """Judge, write down what is told, and give it; or the earlier answer.

        Parameters
        ----------
        asker, question : str
            Who asks, and what makes it this question.
        lines : list of Line
            What the answer is made of.
        less : callable
            Gives the answer as JSON with these lines alone.
        now : callable
            Gives the moment.

        Raises
        ------
        DisclosureError
            If nothing of it may be told after what was told before.
        """
        try:
            with self._asked.asking(asker, question) as asking:
                answer = self._judged(asking, lines, less, now)
        except BaseException:
            self._guard.forget(asker)  # What was not kept was not told.
            raise
        if answer is not None:
            return answer
        raise DisclosureError(
            "This question is too close to others that you have asked.",
            code="too-close-to-earlier",
            why="Their answers together would be about very few people.",
            remedies=(
                "Use an answer that you have been given already.",
                "Ask about another period or other groups, that differ by more.",
            ),
        )

    def published(
        self,
        question: str,
        lines: list[Line],
        now: Callable[[], dt.datetime],
        *,
        together: bool,
    ) -> frozenset[str]:
        """Say which lines may not be published, and write down that the others are.

        Everybody reads what is published. So it is compared with all that was published
        before, by the strictest rule, and with what each who asked was told besides.

        Parameters
        ----------
        together : bool
            Whether all who ask are taken for one.
        """
        judges = [(self._strict, PUBLISHED)]
        try:
            with self._asked.asking(PUBLISHED, question) as asking:
                askers = [TOGETHER] if together else asking.askers()
                judges += [(self._guard, asker) for asker in askers]
                withheld, known = _allowed(asking, judges, lines)
                asking.write(known, None, at=now())
        except BaseException:
            _forget(judges)  # What was not kept was not told.
            raise
        return withheld

    def _judged(
        self,
        asking: Asking,
        lines: list[Line],
        less: Less,
        now: Callable[[], dt.datetime],
    ) -> str | None:
        """Give the answer, or an earlier one; None if nothing may be told."""
        verdict = self._guard.judge(asking, lines)
        shown = {line.name for line in lines if not line.hidden}
        told = frozenset(shown - verdict.withheld)
        earlier = asking.earlier() if verdict.withheld else None
        # That all of it is small may be said; that nothing may be told is an error.
        answer = less(told) if told or not verdict.withheld else None
        # Where few people have come or gone since, the earlier answer stands.
        asking.write(verdict.known, None if earlier else answer, at=now())
        return earlier or answer


def _allowed(
    asking: Asking, judges: Judges, lines: Sequence[Line]
) -> tuple[frozenset[str], tuple[Known, ...]]:
    """Give which lines one of the judges forbids, and what is known once others are.

    Again without what one of them forbids, until each allows all that is left: what is
    written down must be admitted when it is read.
    """
    withheld: frozenset[str] = frozenset()
    while True:
        left = [line for line in lines if line.name not in withheld]
        verdicts = [guard.judge(asking.by(asker), left) for guard, asker in judges]
        forbidden = frozenset().union(*(one.withheld for one in verdicts))
        if not forbidden:
            return withheld, verdicts[0].known
        _forget(judges)  # They took in what is not told.
        withheld |= forbidden


def _forget(judges: Judges) -> None:
    for guard, asker in judges:
        guard.forget(asker)
