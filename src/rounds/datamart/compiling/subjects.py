"""Who may be a subject, as SQL: everybody, or each visit or procedure of the period."""

from typing import Final

from rounds.datamart.compiling.periods import Periods
from rounds.definitions.graph import uses_discharge, uses_times
from rounds.nouns import Measure

__all__ = ["BIRTH", "everybody", "indexed"]

BIRTH: Final = (
    "p.year_of_birth * 10000"
    " + coalesce(p.month_of_birth, month(p.birth_datetime), 7) * 100"
    " + coalesce(p.day_of_birth, day(p.birth_datetime), 1)"
)


def everybody(measure: Measure, over: Periods, kept: str) -> str:
    """Write the candidates of the initial population, a row a subject.

    Parameters
    ----------
    measure : Measure
        Its basis says what a subject is.
    over : Periods
        In which an index is counted. Of several, a subject is one of a period, and has
        its columns.
    kept : str
        The condition on a row `p` of persons who may be counted at all.
    """
    if measure.basis == "person":
        return _persons(over, kept)
    columns, rows = _visits() if measure.basis == "visit" else _procedures()
    start, end = columns["index_date"], columns.pop("end")
    counted = start if measure.index_day == "start" else end
    columns |= {
        "counted_date": counted,
        "index_end": f"coalesce({end}, {start})",
        "birth": BIRTH,
        "gender_concept_id": "p.gender_concept_id",
    }
    if uses_discharge(measure):
        for name in ("discharged_to_concept_id", "discharged_to_source_value"):
            columns[name] = f"v.{name}"
    if uses_times(measure):
        # Midnight stands for a time that is not known.
        for name, day in (("index_time", start), ("index_end_time", end)):
            columns[name] = f"nullif({day}time, date_trunc('day', {day}time))"
    within = f"BETWEEN {over.start} AND {over.end}"
    if not over.is_one:
        columns["row_id"] = columns["sid"]
        within = "BETWEEN q.period_start_date AND q.period_end_date"
        if not over.are_apart:
            del columns["sid"]
    chosen = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    found = (
        f"SELECT {chosen}{over.columns} FROM {rows}{over.joined} "
        f"WHERE {counted} {within} AND {kept}"
    )
    if over.is_one or over.are_apart:
        return found
    number = "row_number() OVER (ORDER BY z.row_id, z.period)"
    return f"SELECT {number} AS sid, z.* FROM ({found}) z"


def _persons(over: Periods, kept: str) -> str:
    """Write everybody, once; or once a period, numbered apart."""
    sid, day, persons = "p.person_id", over.end, "person p"
    if not over.is_one:
        sid, day = f"p.number * {len(over.each)} + q.period", "q.period_end_date"
        number = "row_number() OVER (ORDER BY person_id) AS number"
        persons = f"(SELECT *, {number} FROM person) p"
    return (
        f"SELECT {sid} AS sid, p.person_id, {day} AS index_date, {BIRTH} AS birth, "
        "p.gender_concept_id, CAST(NULL AS INTEGER) AS visit_concept_id"
        f"{over.columns} FROM {persons}{over.joined} WHERE {kept}"
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


def indexed(measure: Measure, over: Periods, subjects: str) -> str:
    """Write the first index of each person, or one a day, with site and clinician."""
    # Several on one day count once; which one stands for it does not hang on how the
    # datamart was loaded.
    per = "person_id" if measure.index == "first" else "person_id, counted_date"
    per += "" if over.is_one else ", period"
    return (
        "SELECT s.*, c.care_site_source_value AS site, "
        f"r.provider_source_value AS clinician FROM {subjects} s "
        "LEFT JOIN care_site c ON c.care_site_id = s.care_site_id "
        "LEFT JOIN provider r ON r.provider_id = s.provider_id "
        f"QUALIFY row_number() OVER (PARTITION BY {per} "
        "ORDER BY counted_date, visit_time NULLS LAST, site NULLS LAST, "
        "clinician NULLS LAST, sid) = 1"
    )
