"""From measures over everybody to one file that the point of care reads by person."""

import datetime as dt
import fcntl
import math
import os
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rounds.datamart.bedside import FIELDS
from rounds.datamart.consent import Scope, opted_out
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.nouns import DataError, Measure, NotEstimable, Period

__all__ = ["BedsidePublished", "publish_bedside"]


@dataclass(frozen=True)
class BedsidePublished:
    """What was published."""

    snapshot: str
    data_end: dt.date
    measures: tuple[str, ...]
    not_estimable: tuple[str, ...]
    """Measures of which nothing can be said; their facts stay unknown."""
    n_states: int
    superseded: bool = False
    """Whether a later snapshot's states stood there, and stayed: nothing was put in
    their place."""


def publish_bedside(
    datamart: Any,
    measures: Iterable[Measure],
    period: Period,
    into: Path,
    *,
    without: frozenset[str] = frozenset(),
) -> BedsidePublished:
    """Write each person's state of each measure, for the point of care.

    The file is made beside its place and moved there in one step, so a reader sees the
    former states or the new ones, and never half of either. States of a later snapshot
    of the same datamart stay, whoever is done first.

    Parameters
    ----------
    datamart : Datamart
        Open.
    measures : iterable of Measure
        Of basis `person`; a visit's state is not a person's.
    period : Period
        Over which they are computed; it ends on the last day of the data.
    into : Path
        The SQLite file (mode 0600).
    without : frozenset of str
        `person_source_value` of those who opted out: nothing of them is written. Nor
        is it of those whose own consents deny treatment or research on the last day,
        nor of identifiers that several persons share: it could be another's state.

    Raises
    ------
    DataError
        If a measure's basis is not `person`, or the file cannot be written.
    """
    chosen = sorted(measures, key=lambda one: one.name)
    for measure in chosen:
        if measure.basis != "person":
            raise DataError(
                f"Measure {measure.name} speaks of visits, not of persons.",
                code="not-a-state",
                why="A rule at the bedside asks how things stand with one person.",
                remedies=("Name a measure with basis: person.",),
            )
    making = into.with_name(f".{into.name}.{secrets.token_hex(4)}")
    try:
        n, silent = _write(datamart, chosen, period, making, without)
        with making.open("rb") as stream:
            os.fsync(stream.fileno())
        with _alone(into):
            superseded = _is_later(into, datamart)
            if not superseded:
                making.replace(into)
    except (OSError, sqlite3.Error):
        raise DataError(
            f"{into.name} cannot be written.",
            code="bedside-not-written",
            remedies=("Check that the disk has room, and who may write there.",),
        ) from None
    finally:
        making.unlink(missing_ok=True)
    return BedsidePublished(
        snapshot=datamart.snapshot,
        data_end=period.end,
        measures=tuple(one.name for one in chosen if one.name not in silent),
        not_estimable=tuple(silent),
        n_states=n,
        superseded=superseded,
    )


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """Let one process at a time look at what stands there and take its place."""
    beside = into.with_name(f".{into.name}.lock")
    handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_later(into: Path, datamart: Any) -> bool:
    """Tell whether what stands there is of a later snapshot of the same datamart.

    What cannot be read, or is of no snapshot that the datamart knows (one that was
    made anew counts from 1 again), is no reason to keep new states back.
    """
    if not into.exists():
        return False
    address = f"{into.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as standing:
            asked = "SELECT number, snapshot FROM about"
            number, snapshot = standing.execute(asked).fetchall()[0]
    except (sqlite3.Error, IndexError):
        return False
    if number <= datamart.number:
        return False
    known = {each.number: each.id for each in datamart.history()}
    return bool(known.get(number) == snapshot)


def _write(
    datamart: Any,
    measures: list[Measure],
    period: Period,
    path: Path,
    without: frozenset[str],
) -> tuple[int, list[str]]:
    path.touch(mode=0o600)
    connection = sqlite3.connect(path)
    columns = ", ".join(FIELDS)
    day = getattr(datamart, "made_on", None) or period.end
    n, silent = 0, []
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(
            "CREATE TABLE about (snapshot TEXT, data_end TEXT, number INTEGER)"
        )
        connection.execute(
            "INSERT INTO about VALUES (?, ?, ?)",
            (datamart.snapshot, period.end.isoformat(), datamart.number),
        )
        connection.execute(
            "CREATE TABLE denied (person TEXT, scope TEXT, "
            "PRIMARY KEY (person, scope)) WITHOUT ROWID"
        )
        scopes: tuple[Scope, ...] = ("treatment", "research")
        for scope in scopes:
            connection.executemany(
                "INSERT INTO denied VALUES (?, ?)",
                [(one, scope) for one in sorted(opted_out(datamart, scope, day))],
            )
        connection.execute(
            f"CREATE TABLE state (person TEXT, measure TEXT, {columns}, "
            "PRIMARY KEY (person, measure)) WITHOUT ROWID"
        )
        for measure in measures:
            left_out = without | opted_out(datamart, "treatment", day)
            rows = measure_rows(datamart, measure, period, without=left_out)
            if isinstance(rows, NotEstimable):
                silent.append(measure.name)
                continue
            before = connection.total_changes
            connection.executemany(
                "INSERT INTO state VALUES (?, ?, ?, ?, ?)",
                _states(measure, rows),
            )
            n += connection.total_changes - before
        connection.commit()
    finally:
        connection.close()
    return n, silent


def _states(measure: Measure, rows: MeasureRows) -> Iterable[tuple[Any, ...]]:
    """Give a row a person: whether counted, whether met (if counted), the value."""
    counted = rows.denominator.tolist()
    met = rows.numerator.tolist()
    value = np.where(rows.observed, rows.value, np.nan)
    kept = [None if math.isnan(number) else number for number in value.tolist()]
    persons = rows.person_source_value.tolist()
    shared = {name for name, times in Counter(persons).items() if times > 1}
    for person, is_in, is_met, number in zip(persons, counted, met, kept, strict=True):
        if person and person not in shared:  # one without cannot be asked for
            yield (person, measure.name, is_in, is_met if is_in else None, number)
