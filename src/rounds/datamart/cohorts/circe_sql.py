"""A Circe expression as OHDSI SQL, with ties broken and the attrition kept.

The text is duckcdm's, which is that of OHDSI's own Circe to the letter, but for two
changes. Where Circe numbers events by a date alone, two events of one day may take
either place, and which of them enters depends on the engine and the layout of a file:
ties are broken by the event's id. And before the temporary tables are dropped, how
many events met which inclusion rules is written down.
"""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, Final

from duckcdm.circe import (
    BuildExpressionQueryOptions,
    CirceError,
    CohortExpressionQueryBuilder,
)

from rounds.nouns.circe import parts
from rounds.nouns.errors import DefinitionError

__all__ = ["TIES", "cohort_sql", "compilable", "gaps", "untied"]

TIES: Final = (
    # Events of several domains may share date and id, and an event may lie in two
    # observation periods.
    (
        "E.event_id) ordinal,",
        (
            "E.event_id, E.start_date, E.end_date, coalesce(E.visit_occurrence_id, 0), "
            "OP.observation_period_start_date, OP.observation_period_end_date) ordinal,"
        ),
    ),
    (
        "(partition by pe.person_id order by pe.start_date {sort})",
        "(partition by pe.person_id order by pe.start_date {sort}, pe.event_id)",
    ),
    (
        "(partition by person_id order by start_date {sort})",
        "(partition by person_id order by start_date {sort}, event_id)",
    ),
    (
        "ORDER BY op.observation_period_start_date)",
        "ORDER BY op.observation_period_start_date, op.observation_period_id)",
    ),
    (
        "ORDER BY ppp.payer_plan_period_start_date)",
        "ORDER BY ppp.payer_plan_period_start_date, ppp.payer_plan_period_id)",
    ),
)
"""What Circe writes where it leaves a tie open, and what breaks it."""

_COMMENT_WITHOUT_END: Final = "-- End Episode Criteria"
"""A comment that has no line of its own: whatever Circe writes next is lost in it."""
_UNSAFE_TEXT: Final = frozenset("{}@#;\\`\n")
"""What SqlRender, or an engine, would take for more than text."""

_ATTRITION: Final = """
DELETE FROM {table} where cohort_definition_id = {cohort_id};
INSERT INTO {table} (cohort_definition_id, person_id, inclusion_rule_mask, event_count)
SELECT {cohort_id} as cohort_definition_id, person_id, inclusion_rule_mask,
  count_big(*) as event_count
FROM (
  SELECT Q.person_id, Q.event_id,
    CAST(SUM(coalesce(POWER(cast(2 as bigint), I.inclusion_rule_id), 0)) AS bigint)
      as inclusion_rule_mask
  FROM #qualified_events Q
  LEFT JOIN #inclusion_events I
    on Q.person_id = I.person_id and Q.event_id = I.event_id
  GROUP BY Q.person_id, Q.event_id
) MG
GROUP BY person_id, inclusion_rule_mask;

"""
_CLEANUP: Final = "TRUNCATE TABLE #cohort_rows;"


def cohort_sql(
    expression: Mapping[str, Any],
    *,
    cohort_id: int,
    places: Mapping[str, str],
) -> str:
    """Write the OHDSI SQL of a cohort.

    Parameters
    ----------
    expression : mapping
        A Circe expression.
    cohort_id : int
        Its `cohort_definition_id` among the rows.
    places : mapping of str to str
        `cdm` and `vocabulary` (schemas), `cohort` and `attrition` (tables).

    Returns
    -------
    str
        In the dialect that SqlRender reads, with `#` for temporary tables.

    Raises
    ------
    DefinitionError
        If Circe refuses the expression.
    """
    options = BuildExpressionQueryOptions(
        cohort_id=cohort_id,
        cdm_schema=places["cdm"],
        vocabulary_schema=places["vocabulary"],
        target_table=places["cohort"],
    )
    builder = CohortExpressionQueryBuilder()
    with compilable(expression):
        sql: str = builder.build_expression_query(dict(expression), options)
    assert _CLEANUP in sql, "this version of Circe cleans up otherwise"
    kept = _ATTRITION.format(table=places["attrition"], cohort_id=cohort_id)
    return untied(sql.replace(_CLEANUP, kept + _CLEANUP, 1))


@contextmanager
def compilable(expression: Mapping[str, Any]) -> Iterator[None]:
    """Say what is wrong with a cohort that Circe cannot write, in our own words.

    Parameters
    ----------
    expression : mapping
        A Circe expression, which is written meanwhile.

    Raises
    ------
    DefinitionError
        If Circe refuses the expression, or leaves out a part of it.
    """
    _refuse_gaps(expression)
    try:
        yield
    except CirceError as error:
        raise DefinitionError(
            f"Circe cannot write this cohort: {error}",
            code="cohort-not-compilable",
            remedies=(
                (
                    "Look for an attribute that its domain does not have, such as a "
                    "CountColumn of another table."
                ),
                "Open it in ATLAS, which says what is wrong, and export it again.",
            ),
        ) from None


@cache
def _gaps() -> dict[tuple[str, str], str]:
    written = (files(__package__) / "gaps.csv").read_text("utf-8")
    rows = csv.DictReader(written.splitlines())
    return {(row["class"], row["attribute"]): row["why"] for row in rows}


def gaps(expression: Mapping[str, Any]) -> tuple[str, ...]:
    """Say which attributes Circe knows but writes SQL for that no CDM 5.4 can run."""
    found = []
    for kind, part in parts(expression):
        names, of = set(part), kind
        if kind == "Measurement" and part.get("Abnormal"):
            names -= {"Abnormal"} if part.get("ValueAsConcept") else set()
        if kind == "CorelatedCriteria" and part["Occurrence"].get("IsDistinct"):
            (of,) = part["Criteria"]
            counted = part["Occurrence"].get("CountColumn", "DOMAIN_CONCEPT")
            names = {f"CountColumn {counted}"}
        found += [
            f"{of}.{name}: {_gaps()[of, name]}"
            for name in sorted(names)
            if (of, name) in _gaps()
        ]
        if kind == "TextFilter" and not _UNSAFE_TEXT.isdisjoint(part["Text"]):
            found.append(f"TextFilter.Text: {part['Text']!r} holds one of {{}}@#;\\`")
    return tuple(dict.fromkeys(found))


def _refuse_gaps(expression: Mapping[str, Any]) -> None:
    found = gaps(expression)
    if found:
        listed = "\n".join(f" - {one}" for one in found)
        raise DefinitionError(
            f"Circe has no SQL that runs for {len(found)} part(s) of this cohort:\n"
            f"{listed}",
            code="cohort-gap",
            remedies=(
                "Say the same with another attribute, as far as it can be said.",
            ),
        )


def untied(sql: str) -> str:
    """Break the ties that Circe leaves open, by the event's id."""
    sql = sql.replace(_COMMENT_WITHOUT_END, f"{_COMMENT_WITHOUT_END}\n")
    for left_open, broken in TIES:
        for sort in ("ASC", "DESC"):
            sql = sql.replace(left_open.format(sort=sort), broken.format(sort=sort))
    return sql
