"""The gate: what a command, a page, a report or an export may show passes here.

Steps compute on exact counts. The gate leaves out what is small by the project's
profile and what would give it back, compares the question with all that the same
person has been told before, and rounds what is left. Single persons pass only for who
has the right, and each look is written down.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from rounds.conduct.audit import lines_of
from rounds.conduct.differencing_guard import DifferencingGuard, Line
from rounds.conduct.disclosure_settings import DisclosureSettings, user_of_this_process
from rounds.conduct.gate_lines import lines_of_result, question_of, with_lines
from rounds.conduct.person_rows import PersonRows
from rounds.conduct.project import Project
from rounds.conduct.rounding import rounded_result, without_means_of_few
from rounds.datamart import Datamart, members_of, run_measure
from rounds.ledger import safe, safe_counts, safe_measure_result
from rounds.methods.differencing import PersonSum
from rounds.methods.disclosure_profiles import DEFAULT, Profile
from rounds.nouns import (
    AccessError,
    DisclosureError,
    Measure,
    MeasureResult,
    NotEstimable,
    Noun,
    Period,
)
from rounds.practice.asked import Asked, Asking

__all__ = ["Gate", "publishable"]

AnyNoun = TypeVar("AnyNoun", bound=Noun)
Members = Mapping[str, tuple[PersonSum, ...]]

_EARLIER = (
    "Since this answer was given, of snapshot {snapshot}, too few people have come or "
    "gone for a new one."
)


def publishable(noun: AnyNoun) -> AnyNoun:
    """Give a noun as it is published: for everybody, so by the strictest rule.

    Counts of 1 to 10 and what would give them back are hidden; twice changes nothing.
    """
    return safe(noun)


@dataclass(frozen=True)
class Gate:
    """The gate of one project, for one person who asks.

    Attributes
    ----------
    project : Project
        Whose counts they are.
    asker : str
        Who asks: a user of this machine, or who a token stands for.
    settings : DisclosureSettings
        The profile and the rights.
    now : callable
        Gives the moment; handed in by the door.
    """

    project: Project
    asker: str
    settings: DisclosureSettings
    now: Callable[[], dt.datetime]
    _asked: list[Asked] = field(default_factory=list, repr=False)
    _guards: list[DifferencingGuard] = field(default_factory=list, repr=False)

    @classmethod
    @contextmanager
    def open(
        cls,
        project: Project,
        *,
        now: Callable[[], dt.datetime],
        asker: str | None = None,
    ) -> Iterator[Self]:
        """Open the gate, and close it.

        Parameters
        ----------
        asker : str, optional
            Who asks; the user of this process if not given.

        Raises
        ------
        DefinitionError
            If `[disclosure]` in rounds.toml cannot be used.
        DataError
            If a change of the profile cannot be written down.
        """
        settings = DisclosureSettings.of(project.settings)
        gate = cls(project, asker or user_of_this_process(), settings, now)
        gate._note_profile()
        try:
            yield gate
        finally:
            for store in gate._asked:
                store.close()

    @property
    def profile(self) -> Profile:
        """Give the rule in force."""
        return self.settings.profile

    # -- counts

    def count(self, exact: int) -> int | None:
        """Give a count that stands alone, as it may be shown; None where it is small.

        For counts that no question chose: rows of a table, persons in the datamart.
        """
        if self.profile.redacts and self.profile.is_small(exact):
            return None
        return self.profile.rounded(exact)

    def measure(
        self,
        datamart: Any,
        measure: Measure,
        period: Period,
        *,
        by: str | None = None,
        without: frozenset[str] = frozenset(),
    ) -> MeasureResult | NotEstimable:
        """Count a measure, and give what of it may be shown to who asks.

        Parameters
        ----------
        datamart, measure, period, by, without
            As `run_measure` takes them.

        Raises
        ------
        DefinitionError, DataError
            As `run_measure` does.
        DisclosureError
            If nothing of it may be told after what was told before.
        """
        exact = run_measure(datamart, measure, period, by=by, without=without)
        if isinstance(exact, NotEstimable):
            return safe(exact)
        members = members_of(datamart, measure, period, by=by, without=without)
        return self.release(exact, members)

    def release(self, result: MeasureResult, members: Members) -> MeasureResult:
        """Give what of a result may be shown to who asks.

        Parameters
        ----------
        result : MeasureResult
            Exact.
        members : mapping of str to tuple of PersonSum
            Who is in `overall`, in `population NAME` and in `unit LABEL`: the count,
            and the numerator or the moments. A line whose people are not named is left
            out: it cannot be compared.

        Raises
        ------
        DisclosureError
            If nothing of it may be told after what was told before.
        """
        if self.profile.redacts:
            shown = safe_measure_result(result, threshold=self.profile.threshold)
        else:
            shown = without_means_of_few(result, self.profile)
        lines = lines_of_result(shown, members, self.profile)
        told = self._answered(
            question_of(result), lines, lambda some: with_lines(shown, some)
        )
        answer = MeasureResult.from_json(told)
        if answer.snapshot != result.snapshot:
            said = _EARLIER.format(snapshot=answer.snapshot)
            limitations = (*answer.limitations, said)
            answer = answer.model_copy(update={"limitations": limitations})
        return rounded_result(answer, self.profile)

    def release_counts(
        self,
        question: str,
        counts: Mapping[str, int],
        members: Mapping[str, PersonSum],
        *,
        total: str | None = None,
    ) -> dict[str, int | None]:
        """Give a list of counts of persons as it may be shown to who asks.

        Parameters
        ----------
        question : str
            What is asked, with everything that makes it another question: the hash of
            its definition, its period.
        counts : mapping of str to int
            Exact, by name: steps of attrition, groups by sex and age.
        members : mapping of str to PersonSum
            Who is in each; a count whose people are not named is left out.
        total : str, optional
            The one that the others add up to, if they do.

        Returns
        -------
        dict of str to int or None
            None where a count is left out, in the same order.

        Raises
        ------
        DisclosureError
            If nothing of it may be told after what was told before.

        Examples
        --------
        >>> with Gate.open(project, now=clock) as gate:  # doctest: +SKIP
        ...     gate.release_counts("cohort abc", {"all": 40}, {"all": told})
        {'all': 40}
        """
        profile = self.profile
        shown: Mapping[str, int | None] = counts
        if profile.redacts:
            shown = safe_counts(counts, total=total, threshold=profile.threshold)
        lines = [
            Line(name, (members[name],), n is None, labelled=not profile.redacts)
            for name, n in shown.items()
            if name in members
        ]

        def less(some: frozenset[str]) -> str:
            return json.dumps({n: c if n in some else None for n, c in shown.items()})

        told = json.loads(self._answered(question, lines, less))
        return {n: None if c is None else profile.rounded(c) for n, c in told.items()}

    def _answered(
        self, question: str, lines: list[Line], less: Callable[[frozenset[str]], str]
    ) -> str:
        """Judge, write down what is told, and give it; or the earlier answer."""
        guard, asked = self._opened()
        asker = "everybody" if self.settings.together else self.asker
        try:
            with asked.asking(asker, f"{self.profile.name} {question}") as asking:
                answer = self._judged(guard, asking, lines, less)
        except BaseException:
            guard.forget(asker)  # What was not kept was not told.
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

    def _judged(
        self,
        guard: DifferencingGuard,
        asking: Asking,
        lines: list[Line],
        less: Callable[[frozenset[str]], str],
    ) -> str | None:
        """Give the answer, or an earlier one; None if nothing may be told."""
        verdict = guard.judge(asking, lines)
        shown = {line.name for line in lines if not line.hidden}
        told = frozenset(shown - verdict.withheld)
        earlier = asking.earlier() if verdict.withheld else None
        # That all of it is small may be said; that nothing may be told is an error.
        answer = less(told) if told or not verdict.withheld else None
        # Where few people have come or gone since, the earlier answer stands.
        asking.write(verdict.known, None if earlier else answer, at=self.now())
        return earlier or answer

    def _opened(self) -> tuple[DifferencingGuard, Asked]:
        if not self._asked:
            self._asked.append(Asked.open(self.project.asked))
            self._guards.append(DifferencingGuard(self.profile.threshold))
        return self._guards[0], self._asked[0]

    # -- persons

    def persons(self, datamart: Datamart, command: str, what: str) -> PersonRows:
        """Let who asks see single persons, and write that down; or refuse.

        Parameters
        ----------
        datamart : Datamart
            Open.
        command : str
            Through which door.
        what : str
            At what kind of thing, never whose.

        Returns
        -------
        PersonRows
            What may be done with them.

        Raises
        ------
        AccessError
            If rounds.toml does not name who asks; that is written down as well.
        DataError
            If it cannot be written down; then nothing may be shown.
        """
        may = self.asker in self.settings.persons
        refused = {} if may else {"refused": True}
        self.project.audit(self.now(), command, what, by=self.asker, **refused)
        if not may:
            raise AccessError(
                "You may not see single persons in this project.",
                code="persons-not-allowed",
                why="Rows about persons are for those whom the project names.",
                remedies=(
                    "Have your user (`id -un`) listed under `persons` in rounds.toml.",
                    "For counts, which need no such right: rounds measure run",
                ),
            )
        return PersonRows(datamart)

    def _note_profile(self) -> None:
        """Write down that the profile is another than before."""
        noted = [
            line["what"]
            for line in lines_of(self.project.audit_path)
            if line.get("command") == "disclosure profile"
        ]
        former = noted[-1] if noted else DEFAULT.name
        if former != self.profile.name:
            self.project.audit(
                self.now(), "disclosure profile", self.profile.name, by=self.asker
            )
