"""OMOP tables made of short ASCII tables, and a datamart over them in memory."""

import atexit
import datetime as dt
from functools import cache

import duckdb

from rounds.datamart.measures.running import run_measure
from rounds.definitions import vocabulary_of
from rounds.definitions.reference import evaluate
from rounds.nouns import NotEstimable, Period

TYPES = {
    "person": "person_id BIGINT, gender_concept_id INTEGER, year_of_birth INTEGER, month_of_birth INTEGER, day_of_birth INTEGER, birth_datetime TIMESTAMP, person_source_value VARCHAR",
    "visit_occurrence": "visit_occurrence_id BIGINT, person_id BIGINT, visit_concept_id BIGINT, visit_start_date DATE, visit_start_datetime TIMESTAMP, visit_end_date DATE, visit_end_datetime TIMESTAMP, discharged_to_concept_id BIGINT, discharged_to_source_value VARCHAR, provider_id BIGINT, care_site_id BIGINT, visit_source_concept_id BIGINT",
    "condition_occurrence": "condition_occurrence_id BIGINT, person_id BIGINT, condition_concept_id BIGINT, condition_start_date DATE, condition_start_datetime TIMESTAMP, condition_end_date DATE, condition_end_datetime TIMESTAMP, visit_occurrence_id BIGINT, condition_source_concept_id BIGINT",
    "measurement": "measurement_id BIGINT, person_id BIGINT, measurement_concept_id BIGINT, measurement_date DATE, measurement_datetime TIMESTAMP, value_as_number DOUBLE, value_as_concept_id BIGINT, unit_concept_id BIGINT, visit_occurrence_id BIGINT, measurement_source_concept_id BIGINT, unit_source_value VARCHAR",
    "observation": "observation_id BIGINT, person_id BIGINT, observation_concept_id BIGINT, observation_date DATE, observation_datetime TIMESTAMP, value_as_number DOUBLE, value_as_string VARCHAR, value_as_concept_id BIGINT, unit_concept_id BIGINT, visit_occurrence_id BIGINT, observation_source_concept_id BIGINT, unit_source_value VARCHAR",
    "procedure_occurrence": "procedure_occurrence_id BIGINT, person_id BIGINT, procedure_concept_id BIGINT, procedure_date DATE, procedure_datetime TIMESTAMP, procedure_end_date DATE, procedure_end_datetime TIMESTAMP, quantity INTEGER, provider_id BIGINT, visit_occurrence_id BIGINT, procedure_source_concept_id BIGINT",
    "drug_exposure": "drug_exposure_id BIGINT, person_id BIGINT, drug_concept_id BIGINT, drug_exposure_start_date DATE, drug_exposure_start_datetime TIMESTAMP, drug_exposure_end_date DATE, drug_exposure_end_datetime TIMESTAMP, quantity DOUBLE, days_supply INTEGER, refills INTEGER, drug_type_concept_id BIGINT, visit_occurrence_id BIGINT, drug_source_concept_id BIGINT",
    "device_exposure": "device_exposure_id BIGINT, person_id BIGINT, device_concept_id BIGINT, device_exposure_start_date DATE, device_exposure_start_datetime TIMESTAMP, device_exposure_end_date DATE, device_exposure_end_datetime TIMESTAMP, quantity INTEGER, visit_occurrence_id BIGINT, device_source_concept_id BIGINT",
    "observation_period": "observation_period_id BIGINT, person_id BIGINT, observation_period_start_date DATE, observation_period_end_date DATE",
    "death": "person_id BIGINT, death_date DATE, death_datetime TIMESTAMP",
    "care_site": "care_site_id BIGINT, care_site_source_value VARCHAR",
    "provider": "provider_id BIGINT, provider_source_value VARCHAR",
    "concept": "concept_id BIGINT, vocabulary_id VARCHAR, concept_code VARCHAR",
    "concept_ancestor": "ancestor_concept_id BIGINT, descendant_concept_id BIGINT",
    "concept_relationship": "concept_id_1 BIGINT, concept_id_2 BIGINT, relationship_id VARCHAR, invalid_reason VARCHAR",
}
"""The columns of OMOP 5.4 that measures read."""

SYSTEMS = {
    "icd": "http://hl7.org/fhir/sid/icd-10-cm",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rx": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "svi": "https://www.atsdr.cdc.gov/place-health/php/svi",
}
VISITS = {
    "outpatient": 9202,
    "emergency": 9203,
    "inpatient": 9201,
    "telehealth": 5083,
    "home": 581476,
}
FIRST_LOCAL = 2_000_000_001


def rows_of(text):
    """Read an ASCII table: a header, a rule, and rows; an empty cell is None."""
    header, _, *lines = [line for line in text.strip().splitlines() if line.strip()]
    names = [name.strip() for name in header.split("|")]
    for line in lines:
        cells = [cell.strip() for cell in line.split("|")]
        yield {name: cell for name, cell in zip(names, cells, strict=True) if cell}


class Tables:
    """OMOP tables made of short ASCII tables.

    `people` (person | born | sex), `visits` (person | day | class | site | clinician),
    `diagnoses` (person | code | from | to), `readings` (person | day | systolic |
    diastolic | visit | unit), `procedures`, `observations`, `drugs` (person | code | day).
    """

    def __init__(self, **texts):
        self.rows = {name: [] for name in TYPES}
        self._concepts = {}
        for name in ("people", "visits"):
            for row in rows_of(texts.pop(name, "x\n-")):
                getattr(self, f"_{name}")(row)
        for name, text in texts.items():
            for row in rows_of(text):
                getattr(self, f"_{name}")(row)

    def _concept(self, code):
        short, _, code = code.partition(" ")
        key = (vocabulary_of(SYSTEMS[short]), code)
        if key not in self._concepts:
            self._concepts[key] = FIRST_LOCAL + len(self._concepts)
            self.rows["concept"].append(
                {
                    "concept_id": self._concepts[key],
                    "vocabulary_id": key[0],
                    "concept_code": key[1],
                }
            )
        return self._concepts[key]

    def _add(self, table, **values):
        key = "person_id" if table in {"person", "death"} else f"{table}_id"
        values.setdefault(key, len(self.rows[table]) + 1)
        self.rows[table].append(values)

    def _keyed(self, table, label):
        if label is None:
            return None
        for row in self.rows[table]:
            if row[f"{table}_source_value"] == label:
                return row[f"{table}_id"]
        self._add(table, **{f"{table}_source_value": label})
        return len(self.rows[table])

    def _people(self, row):
        born = day(row["born"])
        self._add(
            "person",
            person_id=int(row["person"]),
            person_source_value=f"p{row['person']}",
            gender_concept_id={"F": 8532, "M": 8507}.get(row.get("sex"), 0),
            year_of_birth=born.year,
            month_of_birth=born.month,
            day_of_birth=born.day,
        )

    def _visits(self, row):
        values = {"visit_occurrence_id": int(row["visit"])} if "visit" in row else {}
        self._add(
            "visit_occurrence",
            person_id=int(row["person"]),
            visit_concept_id=VISITS[row.get("class", "outpatient")],
            visit_start_date=day(row["day"]),
            visit_end_date=day(row["day"]),
            care_site_id=self._keyed("care_site", row.get("site")),
            provider_id=self._keyed("provider", row.get("clinician")),
            **values,
        )

    def _diagnoses(self, row):
        self._add(
            "condition_occurrence",
            person_id=int(row["person"]),
            condition_concept_id=0,
            condition_source_concept_id=self._concept(row["code"]),
            condition_start_date=day(row["from"]),
            condition_end_date=day(row.get("to")),
        )

    def _readings(self, row):
        for name, code in (("systolic", "8480-6"), ("diastolic", "8462-4")):
            if name in row:
                self._add(
                    "measurement",
                    person_id=int(row["person"]),
                    measurement_concept_id=0,
                    measurement_source_concept_id=self._concept(f"loinc {code}"),
                    measurement_date=day(row["day"]),
                    value_as_number=float(row[name]),
                    unit_source_value=row.get("unit", "mm[Hg]"),
                    visit_occurrence_id=int(row["visit"]) if "visit" in row else None,
                )

    def _procedures(self, row):
        self._add(
            "procedure_occurrence",
            person_id=int(row["person"]),
            procedure_concept_id=0,
            procedure_source_concept_id=self._concept(row["code"]),
            procedure_date=day(row["day"]),
        )

    def _observations(self, row):
        self._add(
            "observation",
            person_id=int(row["person"]),
            observation_concept_id=0,
            observation_source_concept_id=self._concept(row["code"]),
            observation_date=day(row["day"]),
            value_as_number=float(row["value"]) if "value" in row else None,
        )

    def _drugs(self, row):
        self._add(
            "drug_exposure",
            person_id=int(row["person"]),
            drug_concept_id=0,
            drug_source_concept_id=self._concept(row["code"]),
            drug_exposure_start_date=day(row["day"]),
            drug_exposure_end_date=day(row["day"]),
        )


@cache
def _database():
    connection = duckdb.connect(config={"threads": 1})
    for name, columns in TYPES.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
    return connection


# DuckDB counts what is alive when Python ends, and complains of it.
atexit.register(_database.cache_clear)


class HandMade:
    """A datamart over tables in memory; making another one empties the one before."""

    snapshot = "0" * 64

    def __init__(self, rows):
        self._connection = _database()
        for name, columns in TYPES.items():
            self._connection.execute(f"DELETE FROM {name}")
            names = [one.split()[0] for one in columns.split(", ")]
            table = rows.get(name, ())
            if table:
                marks = ", ".join("?" for _ in names)
                values = [row.get(column) for row in table for column in names]
                self._connection.execute(
                    f"INSERT INTO {name} VALUES {', '.join([f'({marks})'] * len(table))}",
                    values,
                )


def cohort_query(stays):
    """Write the rows of a cohort as a query."""
    rows = ", ".join(
        f"({one['subject_id']}, DATE '{one['cohort_start_date']}', "
        f"DATE '{one['cohort_end_date']}')"
        for one in stays
    )
    columns = "subject_id, cohort_start_date, cohort_end_date"
    if not rows:
        rows = "(0, DATE '2000-01-01', DATE '2000-01-01')"
    return f"SELECT * FROM (VALUES {rows}) AS v({columns}) WHERE subject_id > 0"


def day(text):
    return dt.date.fromisoformat(text) if text else None


YEAR = Period(start=dt.date(2025, 1, 1), end=dt.date(2025, 12, 31))


def both_engines(rows, measure, period=YEAR, **options):
    """Run on DuckDB and on the reference; give the first, having compared them."""
    result = run_measure(HandMade(rows), measure, period, **options)
    without = options.get("without", frozenset())
    judged = evaluate(measure, rows, period, without=without)
    if isinstance(result, NotEstimable):
        return result
    expected = {
        "initial_population": len(judged),
        "denominator": sum(row.denominator for row in judged),
        "denominator_exclusion": sum(row.excluded for row in judged),
        "denominator_exception": sum(row.excepted for row in judged),
        "numerator": sum(row.numerator for row in judged),
        "observed": sum(row.observed for row in judged),
    }
    for name, count in result.populations.items():
        assert count == expected[name], (
            f"{name}: DuckDB {count}, reference {expected[name]}"
        )
    return result
