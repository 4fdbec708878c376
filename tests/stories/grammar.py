"""A clause of the grammar and small OMOP tables, for the specification by example.

Tables are written with OMOP's columns, without the ids that say nothing; a concept is
written as its code (`icd I10`). Each person who is named in a table exists.
"""

import datetime as dt
import re

import yaml

from rounds.datamart.rows import Asked, fetch, prepare
from rounds.definitions.reference import evaluate
from rounds.nouns import Measure, NotEstimable, Ref
from stories.measures import (
    SYSTEMS,
    TYPES,
    VISITS,
    YEAR,
    HandMade,
    Tables,
    cohort_query,
    rows_of,
)

SETS = {
    "hypertension": ["icd I10"],
    "hba1c": ["loinc 4548-4"],
    "statins": ["rx 83367"],
    "weak-opioids": ["rx 10689"],
    "strong-opioids": ["rx 7052"],
    "ct": ["sct 77477000"],
    "biopsy": ["sct 86273004"],
    "housing": ["loinc 71802-3"],
    "nursing-home": ["sct 160734000"],
    "walker": ["sct 705406009"],
    "home": ["sct 306689006"],
}
"""The concept sets of the examples."""
DIABETES = Ref(name="cohort/diabetes", version="1", hash="0" * 64)
PEOPLE = """
    person_id | born       | sex
    ----------+------------+----
            1 | 1965-06-15 | F
            2 | 1950-01-01 | M
            3 | 2010-03-31 | F
            4 | 1980-12-31 |
"""
_SEXES = {"F": 8532, "M": 8507}
_KINDS = {
    name: {column.split()[0]: column.split()[1] for column in columns.split(", ")}
    for name, columns in TYPES.items()
}


def rows(texts):
    """Make rows of OMOP tables; whoever a table names is a person."""
    known = Tables()
    for codes in SETS.values():
        for code in codes:
            known._concept(code)
    made = {name: [] for name in TYPES}
    for table, text in texts.items():
        for key, row in enumerate(rows_of(text), start=1):
            if table == "person":
                continue
            cells = {
                column: _cell(known, table, column, cell)
                for column, cell in row.items()
            }
            made[table].append({f"{table}_id": key} | cells)
    people = list(rows_of(texts.get("person", PEOPLE)))
    made["person"] = [_person(row) for row in people]
    made["concept"] = known.rows["concept"]
    return made


def _person(row):
    born = dt.date.fromisoformat(row["born"])
    return {
        "person_id": int(row["person_id"]),
        "person_source_value": f"p{row['person_id']}",
        "gender_concept_id": _SEXES.get(row.get("sex"), 0),
        "year_of_birth": born.year,
        "month_of_birth": born.month,
        "day_of_birth": born.day,
    }


def _cell(known, table, column, cell):
    kind = _KINDS[table][column]
    if column == "visit_concept_id":
        return VISITS[cell]
    if column == "drug_type_concept_id":
        return {"prescription": 32838, "administration": 32818}[cell]
    if column.endswith("concept_id"):
        return known._concept(cell)
    if kind == "DATE":
        return dt.date.fromisoformat(cell)
    if kind == "TIMESTAMP":
        return dt.datetime.fromisoformat(cell)
    return cell if kind == "VARCHAR" else {"DOUBLE": float}.get(kind, int)(cell)


def measure(text, field="initial_population", **fields):
    """Make a measure of one clause, written as YAML."""
    plain = {
        "name": "example",
        "title": "Example",
        "type": "process",
        "improvement_notation": "increase",
        "initial_population": {"op": "age", "at": "period_end", "from_years": 0},
        "numerator": {"op": "age", "at": "period_end", "from_years": 0},
        field: yaml.safe_load(text),
        **fields,
    }
    if plain.get("basis", "person") != "person":
        plain.setdefault("index", "each")
    named = set(
        re.findall(
            r"(?:concept_set|answer|discharged_to): ([a-z0-9-]+)",
            str(yaml.safe_dump(plain)),
        )
    )
    plain["concept_sets"] = [
        {
            "name": name,
            "include": [
                {"system": SYSTEMS[code.split()[0]], "code": code.split()[1]}
                for code in SETS[name]
            ],
        }
        for name in sorted(named)
    ]
    return Measure.model_validate(plain)


def judged(texts, one, period=YEAR, cohort=None, engine=None):
    """Run a measure on every engine, and give the rows that they agree on.

    `engine` is one beside DuckDB and the reference.
    """
    made = rows(texts)
    stays = {DIABETES: cohort or []}
    expected = evaluate(one, made, period, cohorts=stays)
    _compare(HandMade(made), one, period, stays, expected)
    if engine is not None:
        with engine.datamart(made) as datamart:
            _compare(datamart, one, period, stays, expected)
    return expected


def _compare(datamart, one, period, stays, expected):
    concepts = prepare(datamart, one)
    assert not isinstance(concepts, NotEstimable), concepts.reason
    asked = Asked(
        one,
        period,
        concepts,
        by=one.stratifiers[0].name if one.stratifiers else None,
        cohorts={ref: cohort_query(some) for ref, some in stays.items()},
    )
    found = fetch(datamart, asked)
    assert found.person_id.tolist() == [row.person_id for row in expected]
    for name in ("index_date", "denominator", "numerator", "observed"):
        assert getattr(found, name).tolist() == [getattr(r, name) for r in expected]
