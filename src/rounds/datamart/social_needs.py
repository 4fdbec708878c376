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

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from rounds.datamart.compiling.events import date as date_sql
from rounds.definitions import screening_answers

__all__ = [
    "ANSWER_TABLES",
    "NEED",
    "NONE_FOUND",
    "answer_columns",
    "social_need_query",
]

NEED: Final = "need recorded"
NONE_FOUND: Final = "asked, none found"
_DAYS: Final = 365
_CODED: Final = (
    "c.vocabulary_id = 'ICD10CM' AND "
    "substr(c.concept_code, 1, 3) BETWEEN 'Z55' AND 'Z65'"
)
ANSWER_TABLES: Final = ("observation", "measurement")
"""Where a vocabulary puts questions and scores of questionnaires."""
_VALUES: Final = ("value_as_number", "value_as_concept_id", "value_source_value")


def social_need_query(on: date, tables: Iterable[str] = ANSWER_TABLES) -> str:
    """Write the query of who has a need, as `person_id` and `label`.

    Parameters
    ----------
    on : date
        Needs are of the 365 days up to it.
    tables : iterable of str
        Those of `ANSWER_TABLES` that have the columns of answers.

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
    answered = [
        _answered(table, question, span)
        for table in tables
        for question in answer_columns(table)[1:3]
    ]
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


def answer_columns(table: str) -> tuple[str, ...]:
    """Give the columns that answers are read from, in one of `ANSWER_TABLES`.

    Examples
    --------
    >>> answer_columns("observation")[0]
    'observation_date'
    """
    return (
        f"{table}_date",
        f"{table}_source_concept_id",
        f"{table}_concept_id",
        *_VALUES,
    )


def _answered(table: str, question: str, span: str) -> str:
    """Write the answers in one table to what one of its columns holds as a question.

    A question is known by its source concept or by its standard one, an answer by its
    concept or as the source wrote it: what is mapped need not be where it came from.
    """
    questions, words, scores = _listed()
    return (
        f"SELECT e.person_id, q.concept_code AS question, e.{table}_date AS day, "
        "coalesce(w.need, e.value_as_number >= s.bound) AS need "
        f"FROM {table} e JOIN concept q ON q.concept_id = e.{question} "
        "LEFT JOIN concept a ON a.concept_id = e.value_as_concept_id "
        "AND a.vocabulary_id IN ('LOINC', 'SNOMED') "
        f"LEFT JOIN (VALUES {words}) w(question, answer, need) "
        "ON w.question = q.concept_code AND w.answer IN (lower(a.concept_code), "
        "split_part(lower(e.value_source_value), ' (', 1)) "
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
