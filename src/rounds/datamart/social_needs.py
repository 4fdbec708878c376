"""Who has a social need, and who was asked: a query, one row a person.

```
 need recorded       Z55–Z65 of ICD-10-CM among conditions and observations, or an
                     answer of a screening questionnaire that says so
 asked, none found   an answer that says there is none, and nothing that says there is
```

Of each question the latest day on which an answer says something is what counts: a
need that a later answer takes back is none. Whoever has neither was not asked, or it
was not written down in a code that is known here.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from rounds.datamart.compiling.events import date as date_sql
from rounds.definitions import screening_answers

if TYPE_CHECKING:
    from rounds.datamart.engines.base import Engine

__all__ = ["NEED", "NONE_FOUND", "social_need_query"]

NEED: Final = "need recorded"
NONE_FOUND: Final = "asked, none found"
_DAYS: Final = 365
_CODED: Final = (
    "c.vocabulary_id = 'ICD10CM' AND "
    "substr(c.concept_code, 1, 3) BETWEEN 'Z55' AND 'Z65'"
)
_TABLES: Final = ("observation", "measurement")
"""Where a vocabulary puts questions and scores of questionnaires."""


def social_need_query(engine: "Engine", on: date) -> str:
    """Write the query of who has a need, as `person_id` and `label`.

    Parameters
    ----------
    engine : Engine
        Of the datamart: tables of questionnaires are read where it has their columns.
    on : date
        Needs are of the 365 days up to it.

    Returns
    -------
    str
        A query, one row a person of whom something is known.
    """
    span = f"BETWEEN {date_sql(on - timedelta(days=_DAYS - 1))} AND {date_sql(on)}"
    said = [
        f"SELECT e.person_id, true AS need FROM {table} e "
        f"JOIN concept c ON c.concept_id = e.{kind}_source_concept_id "
        f"WHERE {_CODED} AND e.{column} {span}"
        for table, kind, column in (
            ("condition_occurrence", "condition", "condition_start_date"),
            ("observation", "observation", "observation_date"),
        )
    ]
    answered = [_answered(table, span) for table in _TABLES if _has(engine, table)]
    if answered:
        said.append(
            "SELECT person_id, arg_max(need, row(day, need)) AS need "
            f"FROM ({' UNION ALL '.join(answered)}) GROUP BY person_id, question"
        )
    return (
        f"SELECT person_id, CASE WHEN bool_or(need) THEN '{NEED}' "
        f"ELSE '{NONE_FOUND}' END AS label "
        f"FROM ({' UNION ALL '.join(said)}) GROUP BY person_id"
    )


def _answered(table: str, span: str) -> str:
    """Write the answers in one table: the code of the answer, or as it was written."""
    value = (
        "CASE WHEN a.vocabulary_id IN ('LOINC', 'SNOMED') THEN a.concept_code "
        "ELSE e.value_source_value END"
    )
    questions, words, scores = _listed()
    return (
        f"SELECT e.person_id, q.concept_code AS question, e.{table}_date AS day, "
        "coalesce(w.need, e.value_as_number >= s.bound) AS need "
        f"FROM {table} e "
        "JOIN concept q ON q.concept_id = CASE WHEN "
        f"coalesce(e.{table}_source_concept_id, 0) = 0 THEN e.{table}_concept_id "
        f"ELSE e.{table}_source_concept_id END "
        "LEFT JOIN concept a ON a.concept_id = e.value_as_concept_id "
        "AND e.value_as_concept_id <> 0 "
        f"LEFT JOIN (VALUES {words}) w(question, answer, need) "
        "ON w.question = q.concept_code "
        f"AND w.answer = split_part(lower({value}), ' (', 1) "
        f"LEFT JOIN (VALUES {scores}) s(question, bound) "
        "ON s.question = q.concept_code "
        f"WHERE q.vocabulary_id = 'LOINC' AND q.concept_code IN ({questions}) "
        f"AND e.{table}_date {span} "
        "AND coalesce(w.need, e.value_as_number >= s.bound) IS NOT NULL"
    )


def _listed() -> tuple[str, str, str]:
    words, scores = [], []
    questions = sorted({one.question for one in screening_answers()})
    for one in screening_answers():
        if one.at_least is not None:
            scores.append(f"('{one.question}', {one.at_least})")
        words += [
            f"('{one.question}', '{word.lower()}', {str(one.need).lower()})"
            for word in one.words
        ]
    listed = ", ".join(f"'{question}'" for question in questions)
    return listed, ", ".join(words), ", ".join(scores)


def _has(engine: "Engine", table: str) -> bool:
    """Say whether a table has all that answers are read from."""
    needed = {
        f"{table}_date",
        f"{table}_concept_id",
        f"{table}_source_concept_id",
        "value_as_number",
        "value_as_concept_id",
        "value_source_value",
    }
    listed = (
        "SELECT DISTINCT column_name FROM information_schema.columns "
        f"WHERE table_name = '{table}'"
    )
    return needed <= {name for (name,) in engine.ask(listed)}
