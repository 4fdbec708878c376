"""What was shown and done, person by person: read by the steps that show and judge."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import sqlalchemy as sa

from rounds.nouns import Exposure, Ref
from rounds.practice import schema
from rounds.practice.edge import reading
from rounds.practice.recording import seconds_of
from rounds.practice.store import Practice

__all__ = ["ExposureRows", "exposure_of", "exposure_rows"]

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  (local time as written)


@dataclass(frozen=True, repr=False)
class ExposureRows:
    """Exposures as arrays of one length, in the order in which they were received.

    Parameters
    ----------
    unit : array of str
        The clinic, patient or encounter that was randomised; "" where unresolved.
    arm : array of str
        `active`, `silent`, `all` (adopted) or `none` (no arm could be resolved).
    due, shown : array of bool
        Whether the knowledge fired; whether a card was given.
    occurred : array of datetime64[s]
        In the caller's local time: the start of the encounter.
    feedback : array of str
        `accepted`, `overridden`, `ignored`; "" where no card was shown, or where it
        may still be acted upon.
    version : array of str
        Version of the knowledge and entry in the history, `1@3`.
    clinic : array of str
        Where it happened; "" where unresolved.
    clinician : array of str
        A pseudonym of whoever was shown the card; "" where the call did not say.
    """

    person_source_value: np.ndarray
    unit: np.ndarray
    arm: np.ndarray
    due: np.ndarray
    shown: np.ndarray
    occurred: np.ndarray
    feedback: np.ndarray
    override_reason: np.ndarray
    version: np.ndarray
    clinic: np.ndarray
    clinician: np.ndarray = field(default_factory=lambda: np.zeros(0, str))

    def __post_init__(self) -> None:
        """Let nobody be told of calls of which nothing is said."""
        if not len(self.clinician):
            unsaid = np.zeros(len(self.due), dtype=str)
            object.__setattr__(self, "clinician", unsaid)

    def __len__(self) -> int:
        return len(self.due)

    def __repr__(self) -> str:
        return f"<rows: {len(self):,} × {len(fields(self))}>"

    def leaving_out(self, persons: frozenset[str]) -> "ExposureRows":
        """Give the rows of everybody but these, by `person_source_value`."""
        return self._where(~np.isin(self.person_source_value, sorted(persons)))

    def until(self, last: dt.date) -> "ExposureRows":
        """Give the rows of calls up to a day, and on it."""
        return self._where(self.occurred.astype("datetime64[D]") <= np.datetime64(last))

    def _where(self, kept: np.ndarray) -> "ExposureRows":
        rows = {one.name: getattr(self, one.name)[kept] for one in fields(self)}
        return ExposureRows(**rows)


_LAST_FEEDBACK = """
select e.person_source_value, e.unit, e.arm, e.due, e.shown, e.occurred, e.version,
       e.clinic, f.outcome, f.override_reason, c.clinician
from exposure e
left join caller c on c.service = e.service and c.hook_instance = e.hook_instance
left join feedback f on f.id = (
    select id from feedback where card = e.card order by at desc, id desc limit 1
)
where {where}
  and e.person_source_value != ''
  and not exists (
      select 1 from opt_out o where o.person_source_value = e.person_source_value
  )
order by e.id
"""


def exposure_rows(
    practice: Practice,
    rollout: Ref | None = None,
    *,
    ignored_after: dt.timedelta,
    now: dt.datetime,
    service: str | None = None,
) -> ExposureRows:
    """Give the exposures of a trial, or, after it, of a service.

    Patients who opted out, whenever they did, are not among them.

    Parameters
    ----------
    rollout : Ref, optional
        Only what was recorded while this trial was in force.
    ignored_after : timedelta
        A shown card without feedback for as long after the encounter's start was
        ignored (CDS Hooks clients send nothing then).
    now : datetime
        In the same local time as the encounters.
    service : str, optional
        All that was recorded for a service: its trials and what was adopted. With a
        rollout, of that trial's calls those of this service.
    """
    asked = {"rollout": None if rollout is None else str(rollout), "service": service}
    values = {name: one for name, one in asked.items() if one is not None}
    where = " and ".join(f"e.{name} = :{name}" for name in values) or "0"
    columns = _columns(practice, _LAST_FEEDBACK.format(where=where), values)
    shown = np.array(columns[4], dtype=bool)
    occurred = np.array(columns[5], dtype="int64")
    outcome = _text(columns[8])
    limit = seconds_of(now) - int(ignored_after.total_seconds())
    ignored = shown & (outcome == "") & (occurred <= limit)
    return ExposureRows(
        person_source_value=_text(columns[0]),
        unit=_text(columns[1]),
        arm=_text(columns[2]),
        due=np.array(columns[3], dtype=bool),
        shown=shown,
        occurred=occurred.astype("datetime64[s]"),
        feedback=np.where(ignored, "ignored", outcome),
        override_reason=_text(columns[9]),
        version=_text(columns[6]),
        clinic=_text(columns[7]),
        clinician=_text(columns[10]),
    )


def exposure_of(
    practice: Practice, service: str, hook_instance: str
) -> Exposure | None:
    """Give one call's exposure, without feedback; None if it was never answered."""
    table = schema.exposure
    query = sa.select(table).where(
        table.c.service == service, table.c.hook_instance == hook_instance
    )
    with reading(practice.engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return Exposure(
        hook_instance=row.hook_instance,
        service=row.service,
        knowledge_object=row.knowledge,
        person_source_value=row.person_source_value,
        encounter=row.encounter,
        clinic=row.clinic,
        unit=row.unit,
        arm=row.arm,
        due=row.due,
        shown=row.shown,
        card=row.card,
        suggestion=row.suggestion,
        occurred=_EPOCH + dt.timedelta(seconds=row.occurred),
        received=_EPOCH.replace(tzinfo=dt.UTC)
        + dt.timedelta(microseconds=row.received),
    )


def _columns(
    practice: Practice, query: str, values: Mapping[str, str]
) -> list[list[Any]]:
    """Read rows as columns, a few at a time: no object is made for each row."""
    columns: list[list[Any]] = [[] for _ in range(11)]
    with reading(practice.engine) as connection:
        result = connection.exec_driver_sql(query, values)
        cursor = result.cursor
        while rows := cursor.fetchmany(500):
            for column, more in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(more)
    return columns


def _text(values: list[str | None]) -> np.ndarray:
    return np.array([value or "" for value in values], dtype=str)
