"""Made-up patients that travel with a measure, each with where the measure must put it.

A definition proves itself: `measures/<name>.examples.yaml` holds patients written by
hand, on either side of each clause, and the reference engine says whether the measure
puts them where their authors expected. They are nobody: no row of a real person belongs
here.
"""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from rounds.nouns import Noun, Period

__all__ = [
    "ExamplePatient",
    "ExamplePatients",
    "ExampleRow",
    "ExampleValue",
    "Population",
    "VisitKind",
]

Population = Literal[
    "outside",
    "initial_population",
    "denominator_exclusion",
    "denominator_exception",
    "unobserved",
    "denominator",
    "numerator",
]
"""Where a subject belongs, by the most special of the populations that it is in;
`outside` is in none, `unobserved` in the denominator with an outcome not known."""


def _moment(text: str) -> str:
    dt.datetime.fromisoformat(text)
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""A day, `2025-03-01`, or a day with its time, `2025-03-01T10:30`."""

VisitKind = Literal[
    "outpatient",
    "emergency",
    "inpatient",
    "telehealth",
    "home",
    "emergency-and-inpatient",
]
"""A visit's class; the last is an emergency visit that became a stay in hospital."""

CODED = ("condition", "measurement", "observation", "procedure", "drug", "device")
_DOMAINS = (*CODED, "visit", "death", "cohort")


class ExampleValue(Noun):
    """The number that a subject of a continuous variable must have."""

    value: float


class ExampleRow(Noun):
    """One row of a made-up patient: exactly one of its domains is given.

    Codes are written with OMOP's name of their vocabulary: `ICD10CM E11.9`.
    """

    condition: str | None = None
    measurement: str | None = None
    observation: str | None = None
    procedure: str | None = None
    drug: str | None = None
    device: str | None = None
    visit: VisitKind | None = None
    death: Literal[True] | None = None
    cohort: str | None = None
    """A stay in a cohort that the measure reads: its name, without version and hash."""
    start: Moment
    end: Moment | None = None
    """None is a row without an end; a visit or a stay in a cohort without one ends on
    the day it began."""
    value: float | None = None
    unit: str | None = None
    answer: str | None = None
    """A coded value, written as a code."""
    text: str | None = None
    quantity: float | None = None
    days_supply: int | None = None
    type: Literal["prescription", "dispensing", "administration"] = "prescription"
    """Of a drug."""
    id: str | None = None
    """Of a visit: what rows `of` it call it."""
    of: str | None = None
    """The visit at which it was recorded."""
    discharged_to: str | None = None
    """Of a visit: where the patient went, written as a code."""

    @model_validator(mode="after")
    def _one_domain(self) -> Self:
        given = [name for name in _DOMAINS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(_DOMAINS)}")
        codes = [getattr(self, name) for name in (*CODED, "answer", "discharged_to")]
        for code in codes:
            if code is not None and " " not in code:
                raise ValueError(f"{code!r} names no vocabulary; write ICD10CM E11.9")
        return self

    @property
    def domain(self) -> str:
        """The domain that is given."""
        return next(name for name in _DOMAINS if getattr(self, name))


class ExamplePatient(Noun):
    """A made-up patient, and where the measure must put it."""

    name: str = Field(min_length=1)
    """What this patient shows, as a sentence."""
    born: dt.date
    sex: Literal["female", "male"] | None = None
    has: tuple[str, ...] = ()
    """Names of shared rows."""
    rows: tuple[ExampleRow, ...] = ()
    expect: Population | ExampleValue | dict[dt.date, Population | ExampleValue]
    """Of one subject; of several, by their index day."""


class ExamplePatients(Noun):
    """The example patients of one measure."""

    measure: str
    period: Period
    shared: dict[str, tuple[ExampleRow, ...]] = Field(default_factory=dict)
    """Rows that several patients have, by name."""
    patients: tuple[ExamplePatient, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [one.name for one in self.patients]
        problems = [
            f"two patients are called {name!r}"
            for name in sorted({one for one in names if names.count(one) > 1})
        ]
        known = ", ".join(sorted(self.shared)) or "none"
        for one in self.patients:
            problems += [
                f"{one.name!r} has {name!r}, which is not shared; there are: {known}"
                for name in one.has
                if name not in self.shared
            ]
        for one in self.patients:
            rows = self.rows_of(one) if not problems else ()
            visits = {row.id for row in rows if row.visit}
            problems += [
                f"{one.name!r} has a row of {row.of!r}, and no such visit"
                for row in rows
                if row.of is not None and row.of not in visits
            ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def rows_of(self, patient: ExamplePatient) -> tuple[ExampleRow, ...]:
        """Give a patient's rows, the shared ones first."""
        shared = (row for name in patient.has for row in self.shared[name])
        return (*shared, *patient.rows)
