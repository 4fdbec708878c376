"""A project with its stores open."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rounds.conduct.project import Project
from rounds.datamart import AnyDatamart, Datamart
from rounds.datamart.engines.opening import is_elsewhere, open_cdm
from rounds.definitions import (
    builtin_measures,
    examples_of,
    insist_proven,
    is_shipped,
    load_measures,
    read_cohorts,
)
from rounds.ledger import Ledger, safe
from rounds.nouns import (
    Cohort,
    DataError,
    DefinitionError,
    KnowledgeObject,
    Measure,
    Published,
    Ref,
)
from rounds.practice import Practice

__all__ = ["Desk"]

N = TypeVar("N", bound=Published)


@dataclass(frozen=True)
class Desk:
    """Where a turn is conducted: the project, its stores, a clock and a name.

    Parameters
    ----------
    now : callable
        Gives the time to write beside what is published; handed in by the door.
    by : str
        Whose hand it is.
    threads : int, optional
        For the datamart's engine; as many as there are cores if not given.
    """

    project: Project
    ledger: Ledger
    practice: Practice
    now: Callable[[], dt.datetime]
    by: str
    threads: int | None = None

    @classmethod
    @contextmanager
    def open(
        cls,
        project: Project,
        *,
        now: Callable[[], dt.datetime],
        by: str,
        threads: int | None = None,
    ) -> Iterator["Desk"]:
        """Open the stores, and close them."""
        ledger = Ledger.open(project.registry)
        try:
            practice = Practice.open(project.practice)
            try:
                yield cls(project, ledger, practice, now, by, threads)
            finally:
                practice.close()
        finally:
            ledger.close()

    def datamart(self) -> AnyDatamart:
        """Open the datamart to read, or the CDM that `rounds.toml` names instead.

        Raises
        ------
        DataError
            If nothing has been loaded yet, or by an older version, or a CDM that is
            elsewhere lacks a table.
        DefinitionError
            If the section `[datamart]`, or a file of `definitions/cohorts`, cannot be
            used.
        AccessError, SourceError
            If the engine of a CDM that is elsewhere refuses the user, or does not
            answer.
        """
        section = self.project.settings.get("datamart", {})
        cohorts = self.cohorts()
        if is_elsewhere(section):
            opened: AnyDatamart = open_cdm(section, self.project.root)
        else:
            opened = self.own_datamart()
        opened.cohorts.update(cohorts)
        return opened

    def own_datamart(self) -> Datamart:
        """Open the project's own datamart, which knows files, snapshots and lineage.

        Raises
        ------
        DataError
            If nothing has been loaded yet, or by an older version.
        DefinitionError
            If the project reads a CDM that is elsewhere.
        """
        if is_elsewhere(self.project.settings.get("datamart", {})):
            raise DefinitionError(
                "This project reads a CDM that is elsewhere, and this command asks for "
                "a datamart of its own.",
                code="engine-elsewhere",
                why="Files, snapshots and unmapped codes are known of what was loaded.",
                remedies=(
                    "Load the CDM: rounds data load postgresql://…?schema=cdm",
                    "Then take the section [datamart] out of rounds.toml.",
                ),
            )
        if not self.project.datamart.exists():
            if self.project.older_datamart.exists():
                return Datamart.open(self.project.older_datamart)  # It says what to do.
            raise DataError(
                "This project has no data yet.",
                code="no-data",
                remedies=("Load some: rounds data load PATH",),
            )
        return Datamart.open(self.project.datamart, threads=self.threads)

    def cohorts(self) -> dict[Ref, Cohort]:
        """Give the cohorts of this site that measures may read: `definitions/cohorts`.

        Raises
        ------
        DefinitionError
            If a file there is no cohort.
        """
        folder = self.project.definitions / "cohorts"
        if not folder.is_dir() or not any(folder.iterdir()):
            return {}
        return {one.ref(): one for one in read_cohorts([folder])}

    def measures(self) -> dict[str, Measure]:
        """Give the built-in measures and this site's, the site's first."""
        return builtin_measures() | load_measures(self.project.definitions)

    def measure(self, name: str) -> Measure:
        """Give one measure by name.

        Raises
        ------
        DefinitionError
            If there is none of that name; those there are are listed.
        """
        measures = self.measures()
        if name not in measures:
            raise DefinitionError(
                f"There is no measure named {name!r}.",
                code="unknown-measure",
                remedies=(f"Choose one of: {', '.join(sorted(measures))}",),
            )
        return measures[name]

    def publish(self, noun: N) -> N:
        """Publish a noun, now and in this name.

        What a step makes anew gets the next version number; the same content again
        publishes nothing. A measure's and a knowledge object's version is said by the
        people who wrote it, so other content under the same version is refused. A
        measure of this site is published only with example patients that it puts where
        they are expected; those of shipped measures are tried before they are shipped.

        Returns
        -------
        Published
            The noun as the ledger holds it, small counts suppressed: what the next
            step takes, so that its Refs point at what the ledger holds.

        Raises
        ------
        DefinitionError
            If a version's content has changed, or a measure of this site has no example
            patients, or puts some elsewhere than was expected.
        """
        if isinstance(noun, Measure) and not is_shipped(noun):
            insist_proven(noun, examples_of(noun.name, self.project.definitions))
        last = self.find(type(noun), noun.name)
        if last is not None and not isinstance(noun, Measure | KnowledgeObject):
            noun = noun.model_copy(update={"version": last.version})
            if safe(noun) == last:
                return last
            following = str(int(last.version) + 1)
            noun = noun.model_copy(update={"version": following})
        receipt = self.ledger.publish(noun, at=self.now(), by=self.by)
        return self.read(receipt.ref, type(noun))

    def read(self, ref: Ref, kind: type[N]) -> N:
        """Give a published noun.

        Raises
        ------
        DefinitionError
            If the ledger does not hold it, or it is of another kind.
        """
        noun = self.ledger.read(ref)
        if not isinstance(noun, kind):
            raise DefinitionError(
                f"{ref.short} is not a {kind.kind}.",
                code="wrong-kind",
                remedies=("Name a reference of the kind that is asked for.",),
            )
        return noun

    def find(self, kind: type[N], name: str | None = None) -> N | None:
        """Give the last published noun of a kind; None if there is none yet."""
        ref = self.ledger.latest(kind.kind, name)
        return None if ref is None else self.read(ref, kind)

    def latest(self, kind: type[N], name: str | None = None) -> N:
        """Give the last published noun of a kind.

        Raises
        ------
        DefinitionError
            If none has been published: the step before has not been run.
        """
        noun = self.find(kind, name)
        if noun is None:
            raise DefinitionError(
                f"No {kind.kind} has been published in this project yet.",
                code="step-missing",
                why="Each step takes what the step before it gives.",
                remedies=("Run the steps in order: problem, evidence, change, …",),
            )
        return noun
