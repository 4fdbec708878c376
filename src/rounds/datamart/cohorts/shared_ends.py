"""When the periods of a cohort end, where several are compiled together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from duckcdm.circe import CirceError, CohortExpression

from rounds.datamart.cohorts.shared_criteria import SharedCriteria

__all__ = ["collapsed", "ends_of", "eras_of_several"]

_OFFSET: Final = (
    "case when DATEADD(day,{offset},I.{field}) > I.op_end_date then I.op_end_date "
    "else DATEADD(day,{offset},I.{field}) end"
)
_EXPOSED: Final = """
SELECT de.person_id, de.drug_exposure_start_date as start_date,
  DATEADD(day,{more},{end}) as end_date
FROM @cdm_database_schema.DRUG_EXPOSURE de
JOIN #Codesets cs on cs.codeset_id = {codes} AND de.{column} = cs.concept_id
"""
_SUPPLIED: Final = (
    "COALESCE(de.drug_exposure_end_date, "
    "DATEADD(day,de.days_supply,de.drug_exposure_start_date), "
    "DATEADD(day,1,de.drug_exposure_start_date))"
)
_AMONG: Final = """
SELECT X.* FROM ({rows}) X
WHERE X.person_id IN (SELECT person_id FROM {included} made)
"""
_JOINED: Final = """
SELECT person_id, min(start_date) as start_date,
  DATEADD(day,-1 * {pad}, max(end_date)) as end_date
FROM (
  SELECT person_id, start_date, end_date, sum(is_start) over (partition by person_id
    order by start_date, is_start desc rows unbounded preceding) as group_idx
  FROM (
    SELECT person_id, start_date, end_date, case when max(end_date) over (
      partition by person_id order by start_date
      rows between unbounded preceding and 1 preceding) >= start_date
      then 0 else 1 end as is_start
    FROM ({padded}) CR
  ) ST
) GR
GROUP BY person_id, group_idx
"""
_ISLANDS: Final = """
SELECT person_id, start_date, DATEADD(day,-1 * {pad}, coalesce(lead(before) over (
    partition by person_id order by start_date), latest)) as end_date
FROM (
  SELECT person_id, start_date,
    max(end_date) over (partition by person_id order by start_date
      rows between unbounded preceding and 1 preceding) as before,
    max(end_date) over (partition by person_id order by start_date
      rows between unbounded preceding and unbounded following) as latest
  FROM ({padded}) CR
) ST
WHERE before is null or before < start_date
"""
"""The same periods with one sort of them all: where one begins, the one before it has
ended with the last end until then. Periods may end before they begin, as bad data do:
such a period then ends with another's end, and before it begins, too."""
_COVERED: Final = """
SELECT I.event_id, I.person_id, min(ER.end_date) as end_date
FROM {included} I
JOIN {eras} ER on ER.person_id = I.person_id
WHERE I.start_date between ER.start_date and ER.end_date
GROUP BY I.event_id, I.person_id
"""
_CENSORED: Final = """
SELECT I.event_id, I.person_id, min(C.start_date) as end_date
FROM {included} I
JOIN (
{criterion}
) C on C.person_id = I.person_id and C.start_date >= I.start_date
  and C.start_date <= I.op_end_date
GROUP BY I.event_id, I.person_id
"""
_SOONEST: Final = """
SELECT person_id, event_id, min(end_date) as end_date FROM (
{ends}
) U GROUP BY person_id, event_id
"""
_ENDED: Final = """
SELECT person_id, start_date, end_date FROM (
  SELECT I.person_id, I.start_date, {end} as end_date
  FROM {included} I{others}
) F WHERE F.end_date >= F.start_date
"""
_OTHERS: Final = """
  LEFT JOIN (
{ends}
  ) U on U.person_id = I.person_id and U.event_id = I.event_id"""
_SOONER: Final = """case
    when U.end_date is not null
      and ({own} < I.start_date or {own} is null or U.end_date < {own})
    then U.end_date else {own} end"""


def eras_of_several(
    expressions: Iterable[Mapping[str, Any]],
) -> frozenset[tuple[Any, ...]]:
    """Give the custom eras that more than one of some expressions ends by."""
    asked = [CohortExpression.from_json(dict(one)) for one in expressions]
    times = Counter(_era(one.end_strategy) for one in asked)
    return frozenset(era for era, n in times.items() if era and n > 1)


def _era(strategy: Any) -> tuple[Any, ...] | None:
    if strategy is None or strategy.TYPE != "CustomEra":
        return None
    return (
        strategy.drug_codeset_id,
        strategy.gap_days,
        strategy.offset,
        strategy.days_supply_override,
    )


def ends_of(
    asked: Any, included: str, criteria: SharedCriteria, *, often: frozenset[Any]
) -> tuple[str, bool]:
    """Give the periods of a cohort, each ended by what comes first.

    Parameters
    ----------
    asked : CohortExpression
        Circe's.
    included : str
        The table of its events.
    criteria : SharedCriteria
        What writes the criteria, and holds the tables that are filled.
    often : frozenset
        The custom eras that several cohorts end by: computed for everybody, once.

    Returns
    -------
    (str, bool)
        The table of person_id, start_date, end_date; whether a period may end with
        anything but the observation.
    """
    strategy, own, ends = asked.end_strategy, "I.op_end_date", []
    if strategy is not None and strategy.TYPE == "DateOffset":
        field = "end_date" if strategy.date_field == "EndDate" else "start_date"
        own = _OFFSET.format(offset=strategy.offset, field=field)
    elif strategy is not None:
        eras = _eras(strategy, included, criteria, shared=_era(strategy) in often)
        ends.append(_COVERED.format(included=included, eras=eras))
    ends += [
        _CENSORED.format(included=included, criterion=criteria.criteria_sql(one))
        for one in asked.censoring_criteria or ()
    ]
    others = ""
    if ends:
        listed = "\nUNION ALL\n".join(
            f"SELECT * FROM {criteria.tables.named(one)} made" for one in ends
        )
        others = _OTHERS.format(
            ends=listed if len(ends) == 1 else _SOONEST.format(ends=listed)
        )
        own = _SOONER.format(own=own)
    rows = _ENDED.format(included=included, end=own, others=others)
    return criteria.tables.named(rows), bool(ends or strategy)


def _eras(
    strategy: Any, included: str, criteria: SharedCriteria, *, shared: bool
) -> str:
    if strategy.drug_codeset_id is None:
        raise CirceError("Drug Codeset ID can not be NULL.")
    override, end = strategy.days_supply_override, _SUPPLIED
    if override is not None:
        end = f"DATEADD(day,{override},de.drug_exposure_start_date)"
    exposed = "\nUNION ALL\n".join(
        _EXPOSED.format(
            end=end,
            more=strategy.gap_days + strategy.offset,
            codes=strategy.drug_codeset_id,
            column=column,
        )
        for column in ("drug_concept_id", "drug_source_concept_id")
    )
    exposed = criteria.slices.read_by(exposed, all_of_it=True)
    if not shared:
        exposed = _AMONG.format(rows=exposed, included=included)
    return criteria.tables.named(_ISLANDS.format(padded=exposed, pad=strategy.gap_days))


def collapsed(rows: str, pad: int, criteria: SharedCriteria, *, any_end: bool) -> str:
    """Join the periods of a person that overlap, or nearly.

    Parameters
    ----------
    rows : str
        The table of periods.
    pad : int
        Days that may lie between two periods that are joined.
    criteria : SharedCriteria
        Holds the tables that are filled.
    any_end : bool
        Whether a period may end with anything but the observation.
    """
    given = f"SELECT person_id, start_date, end_date FROM {rows} made"
    if not any_end and pad >= 0:
        # Periods that end together overlap.
        given = (
            "SELECT person_id, min(start_date) as start_date, end_date "
            f"FROM {rows} made GROUP BY person_id, end_date"
        )
    padded = (
        f"SELECT person_id, start_date, DATEADD(day,{pad},end_date) as end_date "
        f"FROM ({given}) made"
    )
    # With a negative pad periods can end before they begin, and stand for themselves.
    join = _ISLANDS if pad >= 0 else _JOINED
    return criteria.tables.named(join.format(padded=padded, pad=pad))
