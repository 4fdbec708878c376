"""Example patients as OMOP tables, with concepts of their own."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from rounds.definitions.code_systems import drug_type_concepts, visit_concepts
from rounds.definitions.definition_files import EXAMPLES, invalid
from rounds.definitions.example_patients import (
    ExamplePatient,
    ExamplePatients,
    ExampleRow,
    VisitKind,
)
from rounds.definitions.graph import cohorts_of
from rounds.nouns import Measure, Ref

__all__ = ["stays_of", "tables_of"]

_FIRST_LOCAL: Final = 2_000_000_001
_SEX: Final = {"female": 8532, "male": 8507, None: 0}

# Domain: table, prefix of its concept columns, start, end.
_TABLES: Final = {
    "condition": (
        "condition_occurrence",
        "condition",
        "condition_start",
        "condition_end",
    ),
    "measurement": ("measurement", "measurement", "measurement", ""),
    "observation": ("observation", "observation", "observation", ""),
    "procedure": ("procedure_occurrence", "procedure", "procedure", "procedure_end"),
    "drug": ("drug_exposure", "drug", "drug_exposure_start", "drug_exposure_end"),
    "device": (
        "device_exposure",
        "device",
        "device_exposure_start",
        "device_exposure_end",
    ),
}


def tables_of(examples: ExamplePatients) -> dict[str, list[dict[str, Any]]]:
    """Give example patients as OMOP tables.

    Parameters
    ----------
    examples : ExamplePatients
        The first has person_id 1, the second 2, and so on.

    Returns
    -------
    dict of str to list of dict
        Table → rows. Every code is a source concept of its own in `concept`.
    """
    tables = _Tables()
    for person_id, patient in enumerate(examples.patients, start=1):
        tables.add(person_id, patient, examples.rows_of(patient))
    return tables.rows


def stays_of(
    measure: Measure, examples: ExamplePatients
) -> dict[Ref, list[dict[str, Any]]]:
    """Give the stays of example patients in the cohorts that a measure reads.

    Parameters
    ----------
    measure : Measure
        Says which version of each cohort.
    examples : ExamplePatients
        Name cohorts without version and hash.

    Returns
    -------
    dict of Ref to list of dict
        For each cohort that the measure reads: subject_id, cohort_start_date,
        cohort_end_date.

    Raises
    ------
    DefinitionError
        If a patient is in a cohort that the measure does not read.
    """
    found: dict[Ref, list[dict[str, Any]]] = {ref: [] for ref in cohorts_of(measure)}
    named = {ref.name.partition("/")[2]: rows for ref, rows in found.items()}
    for person_id, patient in enumerate(examples.patients, start=1):
        for row in examples.rows_of(patient):
            if row.cohort is None:
                continue
            if row.cohort not in named:
                problem = (
                    f"{patient.name!r} is in the cohort {row.cohort!r}, which "
                    f"{measure.name} does not read; it reads: "
                    f"{', '.join(sorted(named)) or 'none'}"
                )
                raise invalid(f"{measure.name}{EXAMPLES}", "set of examples", [problem])
            named[row.cohort].append(
                {
                    "subject_id": person_id,
                    "cohort_start_date": _day(row.start),
                    "cohort_end_date": _day(row.end or row.start),
                }
            )
    return found


def _day(moment: str) -> dt.date:
    return dt.datetime.fromisoformat(moment).date()


class _Tables:
    def __init__(self) -> None:
        names = {one[0] for one in _TABLES.values()}
        names |= {"person", "visit_occurrence", "death", "concept"}
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        self._concepts: dict[str, int] = {}

    def add(
        self, person_id: int, patient: ExamplePatient, rows: tuple[ExampleRow, ...]
    ) -> None:
        """Write one patient's rows; visits first, for others belong to them."""
        self.rows["person"].append(
            {
                "person_id": person_id,
                "person_source_value": f"example {person_id}",
                "gender_concept_id": _SEX[patient.sex],
                "year_of_birth": patient.born.year,
                "month_of_birth": patient.born.month,
                "day_of_birth": patient.born.day,
            }
        )
        visits: dict[str, int] = {}
        for row in rows:
            if row.visit is not None:
                key = self._visit(person_id, row)
                visits[row.id or f"visit {key}"] = key
        for row in rows:
            if row.death:
                self._put(
                    "death", {"person_id": person_id, **_when("death", row.start)}
                )
            elif row.visit is None and row.cohort is None:
                self._event(person_id, row, visits)

    def _visit(self, person_id: int, row: ExampleRow) -> int:
        assert row.visit is not None, "it is a visit"
        return self._put(
            "visit_occurrence",
            {
                "person_id": person_id,
                "visit_concept_id": _visit_concept(row.visit),
                **_when("visit_start", row.start),
                **_when("visit_end", row.end or row.start[:10]),
                "discharged_to_concept_id": self._concept(row.discharged_to),
            },
        )

    def _event(
        self, person_id: int, row: ExampleRow, visits: Mapping[str, int]
    ) -> None:
        table, prefix, start, end = _TABLES[row.domain]
        values: dict[str, Any] = {
            "person_id": person_id,
            f"{prefix}_concept_id": 0,
            f"{prefix}_source_concept_id": self._concept(getattr(row, row.domain)),
            "visit_occurrence_id": None if row.of is None else visits[row.of],
            **_when(start, row.start),
        }
        # OMOP asks for an end of drugs; elsewhere a row without an end has none.
        until = row.end or (row.start[:10] if row.domain == "drug" else None)
        if end and until:
            values |= _when(end, until)
        if row.domain in {"measurement", "observation"}:
            values |= {
                "value_as_number": row.value,
                "value_as_concept_id": self._concept(row.answer),
                "unit_source_value": row.unit,
            }
        if row.domain == "observation":
            values["value_as_string"] = row.text
        if row.domain in {"drug", "device", "procedure"}:
            values["quantity"] = row.quantity
        if row.domain == "drug":
            values["days_supply"] = row.days_supply
            values["drug_type_concept_id"] = min(drug_type_concepts([row.type]))
        self._put(table, values)

    def _put(self, table: str, values: dict[str, Any]) -> int:
        key = len(self.rows[table]) + 1
        self.rows[table].append({f"{table}_id": key, **values})
        return key

    def _concept(self, code: str | None) -> int | None:
        if code is None:
            return None
        if code not in self._concepts:
            vocabulary, _, written = code.rpartition(" ")
            self._concepts[code] = _FIRST_LOCAL + len(self._concepts)
            self.rows["concept"].append(
                {
                    "concept_id": self._concepts[code],
                    "vocabulary_id": vocabulary,
                    "concept_code": written,
                }
            )
        return self._concepts[code]


def _visit_concept(kind: VisitKind) -> int:
    both = visit_concepts(["emergency"]) & visit_concepts(["inpatient"])
    if kind == "emergency-and-inpatient":
        return min(both)
    return min(visit_concepts([kind]) - both)


def _when(column: str, moment: str) -> dict[str, Any]:
    """Give the columns of a day and, where one is written, of its time."""
    read = dt.datetime.fromisoformat(moment)
    timed = len(moment) > len("2025-03-01")
    return {
        f"{column}_date": read.date(),
        f"{column}_datetime": read if timed else None,
    }
