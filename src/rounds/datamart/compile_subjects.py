"""Who may be a subject, as SQL: everybody, or each visit or procedure of the period."""

from typing import Final

from rounds.datamart.compile_points import date
from rounds.definitions.graph import uses_discharge, uses_times
from rounds.nouns import Measure, Period

__all__ = ["everybody", "indexed"]

_BIRTH: Final = (
    "p.year_of_birth * 10000"
    " + coalesce(p.month_of_birth, month(p.birth_datetime), 7) * 100"
    " + coalesce(p.day_of_birth, day(p.birth_datetime), 1)"
)


def everybody(measure: Measure, period: Period, kept: str) -> str:
    """Write the candidates of the initial population, a row a subject.

    Parameters
    ----------
    measure : Measure
        Its basis says what a subject is.
    period : Period
        In which an index is counted.
    kept : str
        The condition on a row `p` of persons who may be counted at all.
    """
    if measure.basis == "person":
        return (
            "SELECT p.person_id AS sid, p.person_id, "
            f"{date(period.end)} AS index_date, {_BIRTH} AS birth, "
            "p.gender_concept_id, CAST(NULL AS INTEGER) AS visit_concept_id "
            f"FROM person p WHERE {kept}"
        )
    columns, rows = _visits() if measure.basis == "visit" else _procedures()
    start, end = columns["index_date"], columns.pop("end")
    counted = start if measure.index_day == "start" else end
    columns |= {
        "counted_date": counted,
        "index_end": f"coalesce({end}, {start})",
        "birth": _BIRTH,
        "gender_concept_id": "p.gender_concept_id",
    }
    if uses_discharge(measure):
        for name in ("discharged_to_concept_id", "discharged_to_source_value"):
            columns[name] = f"v.{name}"
    if uses_times(measure):
        # Midnight stands for a time that is not known.
        for name, day in (("index_time", start), ("index_end_time", end)):
            columns[name] = f"nullif({day}time, date_trunc('day', {day}time))"
    chosen = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    return (
        f"SELECT {chosen} FROM {rows} "
        f"WHERE {counted} BETWEEN {date(period.start)} AND {date(period.end)} "
        f"AND {kept}"
    )


def _visits() -> tuple[dict[str, str], str]:
    """Give the columns of an index visit, and what they are read from."""
    columns = {
        "sid": "v.visit_occurrence_id",
        "person_id": "v.person_id",
        "index_date": "v.visit_start_date",
        "end": "v.visit_end_date",
        "visit_time": "v.visit_start_datetime",
        "visit_id": "v.visit_occurrence_id",
        "visit_concept_id": "v.visit_concept_id",
        "care_site_id": "v.care_site_id",
        "provider_id": "v.provider_id",
    }
    return columns, "visit_occurrence v JOIN person p ON p.person_id = v.person_id"


def _procedures() -> tuple[dict[str, str], str]:
    """Give the columns of an index procedure, and what they are read from."""
    columns = {
        "sid": "t.procedure_occurrence_id",
        "person_id": "t.person_id",
        "index_date": "t.procedure_date",
        "end": "t.procedure_end_date",
        "visit_time": "t.procedure_datetime",
        "visit_id": "v.visit_occurrence_id",
        "visit_concept_id": "v.visit_concept_id",
        "care_site_id": "v.care_site_id",
        "provider_id": "coalesce(t.provider_id, v.provider_id)",
        "procedure_concept_id": "t.procedure_concept_id",
        "procedure_source_concept_id": "t.procedure_source_concept_id",
    }
    rows = (
        "procedure_occurrence t JOIN person p ON p.person_id = t.person_id "
        "LEFT JOIN visit_occurrence v ON v.visit_occurrence_id = t.visit_occurrence_id"
    )
    return columns, rows


def indexed(measure: Measure, subjects: str) -> str:
    """Write the first index of each person, or one a day, with site and clinician."""
    # Several on one day count once; which one stands for it does not hang on how the
    # datamart was loaded.
    per = "person_id" if measure.index == "first" else "person_id, counted_date"
    return (
        "SELECT s.*, c.care_site_source_value AS site, "
        f"r.provider_source_value AS clinician FROM {subjects} s "
        "LEFT JOIN care_site c ON c.care_site_id = s.care_site_id "
        "LEFT JOIN provider r ON r.provider_id = s.provider_id "
        f"QUALIFY row_number() OVER (PARTITION BY {per} "
        "ORDER BY counted_date, visit_time NULLS LAST, site NULLS LAST, "
        "clinician NULLS LAST, sid) = 1"
    )
