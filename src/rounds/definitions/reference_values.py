"""The number of a row, in the unit that is asked for, for the reference engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from rounds.definitions.code_systems import unit_concepts
from rounds.definitions.units import Analyte, conversion, wanted_unit
from rounds.nouns import Comparison, Events

__all__ = ["Values", "holds"]

Row = Mapping[str, Any]


class Values:
    """How the numbers of rows are read.

    Parameters
    ----------
    tables : mapping of str to sequence of mappings
        OMOP tables, of which `concept` is read.
    """

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self._analytes = {
            row["concept_id"]: Analyte(row["vocabulary_id"], row["concept_code"])
            for row in tables.get("concept", ())
        }
        self._units = {
            key: one.code
            for key, one in self._analytes.items()
            if one.vocabulary_id == "UCUM"
        }

    def of(
        self, events: Events, row: Row, prefix: str, start: str, end: str
    ) -> float | None:
        """Give the number of a row that is its value; None if it has none.

        Parameters
        ----------
        events : Events
            What is read.
        row : mapping
            An OMOP row.
        prefix, start, end : str
            The prefix of its concept columns, and its columns of days.
        """
        if events.number_read is None:
            return None
        if events.number_read == "length_days":
            until = row.get(end)
            return None if until is None else float((until - row[start]).days)
        value: float | None = row.get(events.number_read)
        if events.number_read != "value_as_number":
            return None if value is None else float(value)
        return self._in_unit(events, row, prefix, value)

    def _in_unit(
        self, events: Events, row: Row, prefix: str, value: float | None
    ) -> float | None:
        accepted = events.units
        if not accepted or value is None:
            return value
        spelling, concept = row.get("unit_source_value"), row.get("unit_concept_id")
        code = self._units.get(concept)
        if (
            spelling in accepted
            or code in accepted
            or concept in unit_concepts(accepted)
        ):
            return value
        given, wanted = code or spelling, wanted_unit(accepted)
        if given is None or wanted is None:
            return None
        how = conversion(given, wanted)
        for column in (f"{prefix}_source_concept_id", f"{prefix}_concept_id"):
            analyte = self._analytes.get(row.get(column))
            if how is None and analyte is not None:
                how = conversion(given, wanted, analyte)
        return None if how is None else how.apply(value)


def holds(one: Comparison, value: float) -> bool:
    """Say whether a number is in a range."""
    return (
        (one.at_least is None or value >= one.at_least)
        and (one.above is None or value > one.above)
        and (one.at_most is None or value <= one.at_most)
        and (one.below is None or value < one.below)
    )
