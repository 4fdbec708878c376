"""One person's measure states at the point of care. PROTECTED: only `change` reads it.

The datamart publishes the states into one SQLite file (see `bedside_publishing`), which
is replaced whole; the engine of the datamart is never asked while a clinician waits.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from rounds.nouns import DataError

__all__ = ["FIELDS", "MAX_AGE_DAYS", "Bedside", "parse_fact"]

FIELDS: Final[dict[str, type]] = {"in_denominator": bool, "met": bool, "value": float}
"""What is known of a person and a measure: `measure.<name>.<field>`."""
MAX_AGE_DAYS: Final = 35
"""A state whose data end longer before the call than this, or after it, is not used: a
monthly load may come some days late; what is older is no longer the person's state."""
_AT_ONCE: Final = 500


def parse_fact(fact: str) -> tuple[str, str] | None:
    """Split `measure.<name>.<field>`; None if the fact is not of that form.

    Examples
    --------
    >>> parse_fact("measure.blood-pressure-control.met")
    ('blood-pressure-control', 'met')
    >>> parse_fact("systolic") is None
    True
    """
    kind, _, rest = fact.partition(".")
    name, dot, field = rest.rpartition(".")
    if kind != "measure" or not dot or not name or field not in FIELDS:
        return None
    return name, field


class Bedside:
    """The states as they were last published; read by person, in microseconds.

    Parameters
    ----------
    path : Path
        The SQLite file; while there is none, nothing is known of anybody.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._data_end: dt.date | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<Bedside at {self.path.name}>"

    def facts(
        self, names: Iterable[str], patients: Sequence[str], days: Sequence[dt.date]
    ) -> dict[str, np.ndarray]:
        """Give the facts `measure.<name>.<field>` of patients.

        Parameters
        ----------
        names : iterable of str
            Facts; those of another form are left out.
        patients : sequence of str
            `person_source_value` (FHIR Patient.id), shape (n,).
        days : sequence of date
            The day of each call, shape (n,): a state too old for it is not used.

        Returns
        -------
        dict of str to array
            Arrays of shape (n,), of objects: a bool, a float, or None where nothing is
            known.

        Raises
        ------
        DataError
            If the file is there and cannot be read.
        """
        wanted = {name: parsed for name in names if (parsed := parse_fact(name))}
        found = {name: np.full(len(patients), None, dtype=object) for name in wanted}
        if not wanted:
            return found
        with self._lock:
            try:
                if not self._open():
                    return found
                states = self._states({m for m, _ in wanted.values()}, patients)
            except sqlite3.Error:
                raise self._unreadable() from None
            data_end = self._data_end
        places = {field: place for place, field in enumerate(FIELDS)}
        for i, (patient, day) in enumerate(zip(patients, days, strict=True)):
            if data_end is None or not 0 <= (day - data_end).days <= MAX_AGE_DAYS:
                continue
            for name, (measure, field) in wanted.items():
                state = states.get((patient, measure))
                value = None if state is None else state[places[field]]
                if value is not None:
                    found[name][i] = FIELDS[field](value)
        return found

    def denied(self, patients: Sequence[str], *, research: bool) -> frozenset[str]:
        """Give those whose own consents deny it, as far as the data were published.

        Parameters
        ----------
        patients : sequence of str
            `person_source_value` (FHIR Patient.id).
        research : bool
            Whether a denial of research counts as well as one of treatment.

        Raises
        ------
        DataError
            If the file is there and cannot be read.
        """
        scopes = ("treatment", "research")[: 1 + research]
        asked, found = sorted(set(patients)), set()
        with self._lock:
            try:
                if not self._open():
                    return frozenset()
                assert self._connection is not None
                for start in range(0, len(asked), _AT_ONCE):
                    some = asked[start : start + _AT_ONCE]
                    marks = ", ".join("?" * len(some))
                    asking = (
                        f"SELECT person, scope FROM denied WHERE person IN ({marks})"
                    )
                    rows = self._connection.execute(asking, some)
                    found |= {person for person, scope in rows if scope in scopes}
            except sqlite3.Error:
                raise self._unreadable() from None
        return frozenset(found)

    def _unreadable(self) -> DataError:
        return DataError(
            f"{self.path.name} cannot be read.",
            code="bedside-unreadable",
            why="Who opted out, and what knowledge asks for, would not be known.",
            remedies=("Publish it anew: rounds data load",),
        )

    def _open(self) -> bool:
        """Open the file that is there now; another may have taken its place."""
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return False
        if self._opened == (about.st_ino, about.st_mtime_ns):
            return True
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro&immutable=1",
            uri=True,
            check_same_thread=False,
        )
        row = self._connection.execute("SELECT data_end FROM about").fetchone()
        self._data_end = dt.date.fromisoformat(row[0])
        self._opened = (about.st_ino, about.st_mtime_ns)
        return True

    def _states(
        self, measures: set[str], patients: Sequence[str]
    ) -> dict[tuple[str, str], tuple[int, int | None, float | None]]:
        assert self._connection is not None
        asked = sorted(set(patients))
        states = {}
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            for person, measure, *state in self._connection.execute(
                f"SELECT person, measure, {', '.join(FIELDS)} FROM state "
                f"WHERE person IN ({marks})",
                some,
            ):
                if measure in measures:
                    states[person, measure] = tuple(state)
        return states
