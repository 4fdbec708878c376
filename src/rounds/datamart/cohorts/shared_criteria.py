"""Criteria of several cohorts, each evaluated once for all that ask for it.

Circe writes a criterion, and the events in which it is sought, anew wherever they are
needed. Here each becomes a table of its own among the shared ones. What is sought, and
how it is counted, stays Circe's text.
"""

import copy
import re
from typing import Any, Final

from duckcdm.circe import CirceError, CohortExpressionQueryBuilder

from rounds.datamart.cohorts.shared_tables import SharedTables
from rounds.datamart.cohorts.slices import Slices

__all__ = ["SharedCriteria"]

_SIFTS: Final = re.compile(r"\b(WHERE|JOIN|PARTITION)\b", re.IGNORECASE)
"""A criterion without any of these is its whole table, of which no copy is made."""
_AT_MOST, _AT_LEAST = 1, 2
"""Types of an Occurrence; 0 is exactly."""
_IN_OBSERVATION: Final = """
SELECT Q.person_id, Q.event_id, Q.start_date, Q.end_date, Q.visit_occurrence_id,
  OP.observation_period_start_date as op_start_date,
  OP.observation_period_end_date as op_end_date
FROM {events} Q
JOIN @cdm_database_schema.OBSERVATION_PERIOD OP on Q.person_id = OP.person_id
  and OP.observation_period_start_date <= Q.start_date
  and OP.observation_period_end_date >= Q.start_date
"""
_MEMBER: Final = "select @indexId as index_id, person_id, event_id from {rows} made"
_GROUPED: Final = """
select @indexId as index_id, person_id, event_id from (
  select person_id, event_id from (
    {members}
  ) CQ
  group by person_id, event_id
  having count(index_id) {enough}
) G
"""
_ALL_BUT: Final = """
select @indexId as index_id, P.person_id, P.event_id from {events} P
left join (
{others}
) O on O.person_id = P.person_id and O.event_id = P.event_id
where O.event_id is null
"""


class SharedCriteria(CohortExpressionQueryBuilder):  # type: ignore[misc]
    """Circe's own criteria, but what is asked for twice is one table.

    Parameters
    ----------
    tables : SharedTables
        Filled with what the criteria need.
    slices : Slices
        What criteria with codes read.
    """

    def __init__(self, tables: SharedTables, slices: Slices) -> None:
        super().__init__()
        self.tables, self.slices = tables, slices

    def criteria_sql(self, criterion: Any, options: Any = None) -> str:
        """Write the events of a criterion."""
        return self._shared(str(super().criteria_sql(criterion, options)))

    def _shared(self, criterion: str) -> str:
        sql = self.slices.read_by(criterion)
        if not _SIFTS.search(sql):
            return sql
        return f"SELECT * FROM {self.tables.named(sql)} made"

    def _wrap_criteria_query(self, query: str, group: Any) -> str:
        """Write the events of a criterion that has others around it."""
        found = self.tables.named(self.slices.read_by(query))
        around = self.tables.named(_IN_OBSERVATION.format(events=found), whole=True)
        met = self.get_criteria_group_query(group, around).replace("@indexId", "0")
        return (
            "select PE.person_id, PE.event_id, PE.start_date, PE.end_date, "
            f"PE.visit_occurrence_id, PE.sort_date FROM {found} PE\n"
            f"JOIN (\n{met}\n) AC on AC.person_id = PE.person_id "
            "AND AC.event_id = PE.event_id"
        )

    def get_corelated_criteria_query(self, correlated: Any, event_table: str) -> str:
        """Write the events that have so many of a criterion around them.

        Who has none is in no join: "at most" is written as all but those with more.
        """
        asked = correlated.occurrence
        at_most = asked.type == _AT_MOST
        if not at_most and asked.count:
            return self._counted(correlated, event_table)
        if asked.type == _AT_LEAST:
            return _MEMBER.format(rows=event_table)
        more = copy.copy(correlated)
        more.occurrence = copy.copy(asked)
        more.occurrence.type, more.occurrence.count = _AT_LEAST, asked.count + 1
        return self._all_but(self._counted(more, event_table), event_table)

    def _counted(self, correlated: Any, event_table: str) -> str:
        found = str(super().get_corelated_criteria_query(correlated, event_table))
        return _MEMBER.format(rows=self.tables.named(found.replace("@indexId", "0")))

    def _all_but(self, others: str, event_table: str) -> str:
        found = _ALL_BUT.format(
            events=event_table, others=others.replace("@indexId", "0")
        )
        return _MEMBER.format(rows=self.tables.named(found.replace("@indexId", "0")))

    def get_criteria_group_query(self, group: Any, event_table: str) -> str:
        """Write the events that meet a group of criteria."""
        if group is None or group.is_empty():
            return str(super().get_criteria_group_query(group, event_table))
        one, another = self.get_corelated_criteria_query, self.get_criteria_group_query
        members = [
            *(one(each, event_table) for each in group.criteria_list),
            *(
                self.get_demographic_criteria_query(each, event_table)
                for each in group.demographic_criteria_list
            ),
            *(another(each, event_table) for each in group.groups),
        ]
        least = _least(group, len(members))
        if least == 0:
            return _MEMBER.format(rows=event_table)
        if len(members) == least == 1:
            return str(members[0])
        # Whoever is in a member is among the events: they are not read again.
        numbered = [each.replace("@indexId", str(n)) for n, each in enumerate(members)]
        listed = "\nUNION ALL\n".join(numbered)
        if least is not None:
            return _GROUPED.format(members=listed, enough=f">= {least}")
        more = _GROUPED.format(members=listed, enough=f"> {group.count}")
        return self._all_but(more, event_table)


def _least(group: Any, members: int) -> int | None:
    """Say in how many members an event must be; None where it may be in so many."""
    kind = group.type.upper()
    if kind == "AT_MOST":
        if group.count is None:
            raise CirceError("A group of the type AT_MOST has no Count")
        return None
    if kind == "AT_LEAST" and group.count is None:
        raise CirceError("A group of the type AT_LEAST has no Count")
    if kind == "AT_LEAST":
        return int(group.count)
    return members if kind == "ALL" else 1
