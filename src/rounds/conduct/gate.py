"""The gate: what a command, a page, a report or an export may show passes here.

Steps compute on exact counts. The gate leaves out what is small by the project's
profile and what would give it back, compares the question with all that the same
person has been told before, and rounds what is left. Single persons pass only for who
has the right, and each look is written down.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from rounds.conduct.answering import Answering
from rounds.conduct.audit import lines_of
from rounds.conduct.cohort_lines import (
    lines_of_cohort,
    question_of_cohort,
    rounded_cohort,
    with_cohort_lines,
    without_events_of_few,
)
from rounds.conduct.differencing_guard import Line
from rounds.conduct.disclosure_settings import DisclosureSettings, user_of_this_process
from rounds.conduct.gate_lines import lines_of_result, question_of, with_lines
from rounds.conduct.person_rows import PersonFiles, PersonRows, not_allowed
from rounds.conduct.project import Project
from rounds.conduct.rounding import rounded_result, without_means_of_few
from rounds.datamart import (
    AnyDatamart,
    Datamart,
    members_of,
    run_cohorts_with_members,
    run_measure,
)
from rounds.ledger import safe, safe_cohort_result, safe_counts, safe_measure_result
from rounds.methods.disclosure.differencing import PersonSum
from rounds.methods.disclosure.profiles import DEFAULT, Profile
from rounds.nouns import (
    Cohort,
    CohortResult,
    DisclosureError,
    Measure,
    MeasureResult,
    NotEstimable,
    Noun,
    Period,
    Ref,
)
from rounds.practice.asked import TOGETHER

__all__ = ["Gate", "publishable"]

AnyNoun = TypeVar("AnyNoun", bound=Noun)
AnyResult = TypeVar("AnyResult", MeasureResult, CohortResult)
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
    _answering: list[Answering] = field(default_factory=list, repr=False)

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
            for opened in gate._answering:
                opened.close()

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
        cohorts: Mapping[Ref, str] | None = None,
    ) -> MeasureResult | NotEstimable:
        """Count a measure, and give what of it may be shown to who asks.

        Parameters
        ----------
        datamart, measure, period, by, without, cohorts
            As `run_measure` takes them.

        Raises
        ------
        DefinitionError, DataError
            As `run_measure` does.
        DisclosureError
            If nothing of it may be told after what was told before.
        """
        asked: dict[str, Any] = {"by": by, "without": without, "cohorts": cohorts}
        exact = run_measure(datamart, measure, period, **asked)
        if isinstance(exact, NotEstimable):
            return safe(exact)
        return self.release(exact, members_of(datamart, measure, period, **asked))

    def cohorts(
        self,
        datamart: AnyDatamart,
        cohorts: Sequence[Cohort],
        *,
        without: frozenset[str] = frozenset(),
    ) -> tuple[CohortResult | NotEstimable, ...]:
        """Count cohorts, and give what of each may be shown to who asks.

        Parameters
        ----------
        datamart, cohorts, without
            As `run_cohorts` takes them.

        Returns
        -------
        tuple of CohortResult or NotEstimable
            One each, in their order; where nothing of one may be told after what was
            told before, NotEstimable says so, and the others are told.

        Raises
        ------
        DefinitionError, DataError
            As `run_cohorts` does.
        """
        shown: list[CohortResult | NotEstimable] = []
        found = run_cohorts_with_members(datamart, cohorts, without=without)
        for exact, members in found:
            if isinstance(exact, NotEstimable):
                shown.append(safe(exact))
                continue
            try:
                shown.append(self.release_cohort(exact, members))
            except DisclosureError as error:
                shown.append(NotEstimable(reason=f"{exact.title}: {error.what}"))
        return tuple(shown)

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
        answer = _dated(MeasureResult.from_json(told), result.snapshot)
        return rounded_result(answer, self.profile)

    def release_cohort(self, result: CohortResult, members: Members) -> CohortResult:
        """Give what of a cohort's result may be shown to who asks.

        Parameters
        ----------
        result : CohortResult
            Exact.
        members : mapping of str to tuple of PersonSum
            Who is in each count, as `run_cohorts_with_members` names them; a count
            whose people are not named is left out.

        Raises
        ------
        DisclosureError
            If nothing of it may be told after what was told before.
        """
        if self.profile.redacts:
            shown = safe_cohort_result(result, threshold=self.profile.threshold)
        else:
            shown = without_events_of_few(result, self.profile)
        lines = lines_of_cohort(shown, members, self.profile)
        told = self._answered(
            question_of_cohort(result),
            lines,
            lambda some: with_cohort_lines(shown, some),
        )
        answer = _dated(CohortResult.from_json(told), result.snapshot)
        return rounded_cohort(answer, self.profile)

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
        """Compare with what was told before, and give what may be told."""
        if not self._answering:
            opened = Answering.open(self.project.asked, self.profile.threshold)
            self._answering.append(opened)
        asker = TOGETHER if self.settings.together else self.asker
        asked = f"{self.profile.name} {question}"
        return self._answering[0].answer(asker, asked, lines, less, self.now)

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
        self._admit(command, what)
        return PersonRows(datamart)

    def person_files(self, command: str, what: str) -> PersonFiles:
        """Let who asks read files about single persons, and write that down; or refuse.

        Parameters and errors are those of `persons`.
        """
        self._admit(command, what)
        return PersonFiles()

    def _admit(self, command: str, what: str) -> None:
        may = self.asker in self.settings.persons
        refused = {} if may else {"refused": True}
        self.project.audit(self.now(), command, what, by=self.asker, **refused)
        if not may:
            raise not_allowed()

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


def _dated(answer: AnyResult, snapshot: str | None) -> AnyResult:
    """Say of an earlier answer that it is one."""
    if answer.snapshot == snapshot:
        return answer
    said = _EARLIER.format(snapshot=answer.snapshot)
    return answer.model_copy(update={"limitations": (*answer.limitations, said)})
