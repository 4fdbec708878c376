"""Who is in a cohort, in counts: the attrition, the whole, by sex and by age."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rounds.datamart.cohorts.reading import Reading
from rounds.datamart.measures.counts import AGE_BANDS, UNKNOWN
from rounds.nouns import AttritionStep, Cohort, UnitResult

__all__ = ["AGE_BAND", "SEX", "Counted", "count"]

ENTRY: Final = "entry events"

_LEFT_OUT: Final = """
CREATE OR REPLACE TEMP TABLE left_out AS SELECT person_id FROM {cdm}.person
WHERE person_source_value IN (SELECT unnest($1::VARCHAR[]))
"""
_MEMBERS: Final = """
CREATE OR REPLACE TEMP TABLE members AS
SELECT cohort_definition_id, subject_id AS person_id, count(*) AS periods,
    min(cohort_start_date) AS first_day
FROM {cohort} WHERE subject_id NOT IN (FROM left_out) GROUP BY ALL
"""
_WHOLE: Final = """
SELECT cohort_definition_id, count(*), sum(periods) FROM members GROUP BY ALL
"""
_BY: Final = """
SELECT cohort_definition_id, {label} AS label, count(*)
FROM members JOIN {cdm}.person USING (person_id) GROUP BY ALL ORDER BY ALL
"""
_ATTRITION: Final = """
SELECT cohort_definition_id, rule,
    count(DISTINCT person_id) FILTER ((met & upto) = upto) AS persons,
    coalesce(sum(event_count) FILTER ((met & upto) = upto), 0) AS events,
    count(DISTINCT person_id) FILTER (
        rule = 0 OR (met & (upto - (upto >> 1))) <> 0
    ) AS persons_alone
FROM (
    SELECT cohort_definition_id, person_id, inclusion_rule_mask AS met, event_count,
        n.rule, (1::BIGINT << n.rule) - 1 AS upto
    FROM {attrition} JOIN rules USING (cohort_definition_id)
    CROSS JOIN LATERAL (SELECT unnest(range(n_rules + 1)) AS rule) AS n
    WHERE person_id NOT IN (FROM left_out)
) GROUP BY cohort_definition_id, rule ORDER BY ALL
"""
SEX: Final = (
    "CASE gender_concept_id WHEN 8532 THEN 'F' WHEN 8507 THEN 'M' "
    f"ELSE '{UNKNOWN['sex']}' END"
)
_YEARS: Final = "year(first_day) - year_of_birth"
_BANDS: Final = " ".join(
    f"WHEN {_YEARS} BETWEEN {low} AND {high} THEN "
    + (f"'{low}+'" if high == 200 else f"'{low}–{high}'")
    for low, high in AGE_BANDS
)
AGE_BAND: Final = f"CASE {_BANDS} ELSE '{UNKNOWN['age']}' END"


@dataclass(frozen=True)
class Counted:
    """Exact counts of one cohort."""

    attrition: tuple[AttritionStep, ...]
    persons: int
    periods: int
    by_sex: tuple[UnitResult, ...]
    by_age: tuple[UnitResult, ...]


def count(
    reading: Reading, cohorts: Sequence[Cohort], *, without: frozenset[str]
) -> list[Counted]:
    """Count the cohorts whose rows are there.

    Parameters
    ----------
    reading : Reading
        With the rows of the n-th cohort, from 0, under the id n + 1.
    cohorts : sequence of Cohort
        For the names of their rules.
    without : frozenset of str
        `person_source_value` of those who are in no count.

    Returns
    -------
    list of Counted
        One each.
    """
    cursor, places = reading.cursor, reading.places
    cursor.execute(_LEFT_OUT.format(**places), [sorted(without)])
    cursor.execute(_MEMBERS.format(**places))
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE rules AS SELECT unnest(range(len($1))) + 1 AS "
        "cohort_definition_id, unnest($1::BIGINT[]) AS n_rules",
        [[len(one.inclusion_rules) for one in cohorts]],
    )

    def asked(query: str, **more: str) -> dict[int, list[tuple[Any, ...]]]:
        found: dict[int, list[tuple[Any, ...]]] = {}
        for number, *rest in cursor.execute(query.format(**places, **more)).fetchall():
            found.setdefault(number, []).append(tuple(rest))
        return found

    whole, steps = asked(_WHOLE), asked(_ATTRITION)
    by_sex, by_age = asked(_BY, label=SEX), asked(_BY, label=AGE_BAND)
    return [
        Counted(
            attrition=_attrition(cohort, steps.get(n, [])),
            persons=int(whole.get(n, [(0, 0)])[0][0]),
            periods=int(whole.get(n, [(0, 0)])[0][1]),
            by_sex=_units(by_sex.get(n, [])),
            by_age=_units(by_age.get(n, [])),
        )
        for n, cohort in enumerate(cohorts, 1)
    ]


def _attrition(
    cohort: Cohort, rows: list[tuple[Any, ...]]
) -> tuple[AttritionStep, ...]:
    found = {rule: tuple(map(int, rest)) for rule, *rest in rows}
    names = (ENTRY, *cohort.inclusion_rules)
    steps = []
    for n, name in enumerate(names):
        persons, events, alone = found.get(n, (0, 0, 0))
        steps.append(
            AttritionStep(
                name=name, persons=persons, events=events, persons_alone=alone
            )
        )
    return tuple(steps)


def _units(rows: list[tuple[Any, ...]]) -> tuple[UnitResult, ...]:
    return tuple(UnitResult(unit=label, denominator=int(n)) for label, n in rows)
