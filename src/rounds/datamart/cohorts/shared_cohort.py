"""One of several cohorts that are compiled together: its steps as shared tables.

The steps are those of Circe, each with the rows that Circe's has. What differs is how
they are written: rules are joined as sums, not event by event; the first event of a
person is sought among those of the first day; what a person has once is not collapsed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from duckcdm.circe import CirceError, CohortExpression

from rounds.datamart.cohorts.shared_criteria import SharedCriteria
from rounds.datamart.cohorts.shared_ends import collapsed, ends_of

__all__ = ["COHORT_ID", "cohort_statements"]

COHORT_ID: Final = "@target_cohort_id"
"""As in Circe's own text."""

_OBSERVED: Final = """
SELECT E.person_id, E.event_id, E.start_date, E.end_date, E.sort_date,
  cast(E.visit_occurrence_id as bigint) as visit_occurrence_id,
  OP.observation_period_start_date as op_start_date,
  OP.observation_period_end_date as op_end_date
FROM (
{criteria}
) E
JOIN @cdm_database_schema.observation_period OP on E.person_id = OP.person_id
  and E.start_date >= OP.observation_period_start_date
  and E.start_date <= OP.observation_period_end_date
"""
_WITHIN: Final = """
SELECT E.* FROM {observed} E
WHERE DATEADD(day,{prior},E.op_start_date) <= E.start_date
  AND DATEADD(day,{post},E.start_date) <= E.op_end_date
"""
_NUMBERED: Final = """
SELECT row_number() OVER (PARTITION BY E.person_id ORDER BY E.sort_date {sort},
    E.event_id, E.start_date, E.end_date, coalesce(E.visit_occurrence_id, 0),
    E.op_start_date, E.op_end_date) as event_id,
  E.person_id, E.start_date, E.end_date, E.op_start_date, E.op_end_date,
  E.visit_occurrence_id
FROM {within} E
"""
_ON_ONE_DAY: Final = """
SELECT W.* FROM {rows} W
JOIN (SELECT person_id, {end}({day}) as that_day FROM {rows} D GROUP BY person_id) F
  on F.person_id = W.person_id and F.that_day = W.{day}
"""
_MOST: Final = "SELECT N.* FROM {numbered} N WHERE N.event_id = 1"
_ONE_EACH: Final = """
SELECT R.* FROM (
  SELECT T.*, row_number() over (partition by T.person_id order by T.event_id)
    as ordinal
  FROM {rows} T
) R WHERE R.ordinal = 1
"""
_MET: Final = "SELECT R.person_id, R.event_id FROM (\n{group}\n) R"
_BIT: Final = (
    "SELECT person_id, event_id, cast({bit} as bigint) as inclusion_rule_mask "
    "FROM {rule} made"
)
_ADDED: Final = """
SELECT person_id, event_id, cast(SUM(inclusion_rule_mask) as bigint)
  as inclusion_rule_mask
FROM (
{bits}
) B GROUP BY person_id, event_id
"""
_MASKED: Final = """
SELECT Q.event_id, Q.person_id, Q.start_date, Q.end_date, Q.op_start_date,
  Q.op_end_date, coalesce(I.inclusion_rule_mask, 0) as inclusion_rule_mask
FROM {qualified} Q
LEFT JOIN (
{met}
) I on I.person_id = Q.person_id and I.event_id = Q.event_id
"""
_STEPS: Final = """
SELECT person_id, {mask} as inclusion_rule_mask, count_big(*) as event_count
FROM {rows} S GROUP BY person_id{by}
"""
_EMPTY: Final = "DELETE FROM {table} where cohort_definition_id = @target_cohort_id;"
_ROWS: Final = (
    "INSERT INTO {table} (cohort_definition_id, subject_id, cohort_start_date, "
    "cohort_end_date)\n{select};"
)
_ATTRITION: Final = (
    "INSERT INTO {table} (cohort_definition_id, person_id, inclusion_rule_mask, "
    "event_count)\nSELECT @target_cohort_id as cohort_definition_id, person_id, "
    "inclusion_rule_mask, event_count\nFROM {steps} S;"
)


def cohort_statements(
    plain: Mapping[str, Any],
    places: Mapping[str, str],
    criteria: SharedCriteria,
    *,
    often: frozenset[Any] = frozenset(),
) -> list[str]:
    """Write what fills the results of one cohort from shared tables.

    Parameters
    ----------
    plain : mapping
        A Circe expression, its concept sets shared.
    places : mapping of str to str
        Names of `cohort` and `attrition`.
    criteria : SharedCriteria
        What writes the criteria, and holds the tables that are filled.
    often : frozenset
        The eras by which several cohorts end, of `shared_ends.eras_of_several`.

    Returns
    -------
    list of str
        Statements in the dialect that SqlRender reads; `COHORT_ID` stands for the
        cohort's number.

    Raises
    ------
    CirceError
        If Circe has no SQL for it.
    """
    asked = CohortExpression.from_json(dict(plain))
    named = criteria.tables.named
    qualified, single = _qualified(asked, criteria)
    rules = [
        named(_MET.format(group=_met(one.expression, qualified, criteria)))
        for one in asked.inclusion_rules
    ]
    included, steps = _included(qualified, rules, criteria)
    sort = _one(asked.expression_limit)
    if sort and not single:
        included, single = _first(included, sort, criteria), True
    rows, any_end = ends_of(asked, included, criteria, often=often)
    if not single:
        pad = asked.collapse_settings.era_pad
        rows = collapsed(rows, pad, criteria, any_end=any_end)
    final = str(criteria.get_final_cohort_query(asked.censor_window))
    for place, value in (
        ("#final_cohort", rows),
        ("@cohort_id_field_name", "cohort_definition_id"),
    ):
        final = final.replace(place, value)
    cohort, attrition = places["cohort"], places["attrition"]
    return [
        _EMPTY.format(table=cohort),
        _ROWS.format(table=cohort, select=final),
        _EMPTY.format(table=attrition),
        _ATTRITION.format(table=attrition, steps=steps),
    ]


def _one(limit: Any) -> str | None:
    """Give the order of which the first is taken; None where all are."""
    if limit.type is None or limit.type.upper() == "ALL":
        return None
    return "DESC" if limit.type.upper() == "LAST" else "ASC"


def _qualified(asked: Any, criteria: SharedCriteria) -> tuple[str, bool]:
    """Give the entry events, and whether nobody has two."""
    primary, single = _primary(asked.primary_criteria, criteria)
    more = asked.additional_criteria
    if more is None:
        return primary, single
    if not more.is_empty():
        met = _met(more, primary, criteria)
        primary = criteria.tables.named(
            f"SELECT PE.* FROM {primary} PE JOIN (\n{met}\n) AC "
            "on AC.person_id = PE.person_id and AC.event_id = PE.event_id",
            whole=True,
        )
    sort = _one(asked.qualified_limit)
    if sort and not single:
        return _first(primary, sort, criteria), True
    return primary, single


def _primary(asked: Any, criteria: SharedCriteria) -> tuple[str, bool]:
    named = criteria.tables.named
    if asked.primary_limit.type is None:
        raise CirceError("PrimaryCriteriaLimit has no Type")
    found = [criteria.criteria_sql(one) for one in asked.criteria_list]
    observed = named(_OBSERVED.format(criteria="\nUNION ALL\n".join(found)))
    window = asked.observation_window
    within = named(
        _WITHIN.format(
            observed=observed, prior=window.prior_days, post=window.post_days
        )
    )
    sort = _one(asked.primary_limit)
    if sort is None:
        return named(_NUMBERED.format(within=within, sort="ASC"), whole=True), False
    end = "max" if sort == "DESC" else "min"
    day = named(_ON_ONE_DAY.format(rows=within, end=end, day="sort_date"))
    numbered = named(_NUMBERED.format(within=day, sort=sort))
    return named(_MOST.format(numbered=numbered), whole=True), True


def _first(rows: str, sort: str, criteria: SharedCriteria) -> str:
    """Give each person's first event by date and number, or the last by date."""
    end = "max" if sort == "DESC" else "min"
    day = criteria.tables.named(
        _ON_ONE_DAY.format(rows=rows, end=end, day="start_date")
    )
    return criteria.tables.named(_ONE_EACH.format(rows=day), whole=True)


def _met(group: Any, events: str, criteria: SharedCriteria) -> str:
    return criteria.get_criteria_group_query(group, events).replace("@indexId", "0")


def _included(
    qualified: str, rules: Sequence[str], criteria: SharedCriteria
) -> tuple[str, str]:
    """Give the events that meet all rules, and how many met which."""
    named = criteria.tables.named
    if not rules:
        return qualified, named(_STEPS.format(rows=qualified, mask="0", by=""))
    bits = [_BIT.format(bit=2**n, rule=rule) for n, rule in enumerate(rules)]
    met = bits[0] if len(bits) == 1 else _ADDED.format(bits="\nUNION ALL\n".join(bits))
    masked = named(_MASKED.format(qualified=qualified, met=met), whole=True)
    full = 2 ** len(rules) - 1
    included = named(
        f"SELECT M.* FROM {masked} M WHERE M.inclusion_rule_mask = {full}", whole=True
    )
    by = ", inclusion_rule_mask"
    return included, named(
        _STEPS.format(rows=masked, mask="inclusion_rule_mask", by=by)
    )
