"""Tests on the fields of a resource, written from what the mapping tables say."""

from collections.abc import Mapping, Sequence

from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import Row, mapping

__all__ = ["chosen", "is_one_of", "of_type"]


def of_type(table: str, resource: str) -> list[Row]:
    """Give the rows of a mapping table that are about one type, in their order."""
    return [row for row in mapping(table) if row["resource"] == resource]


def is_one_of(named: Mapping[str, Row], field: str, values: str) -> str:
    """Write a test that a field is one of the values; nothing for no field.

    Parameters
    ----------
    named : mapping of str to Row
        The fields that there are.
    field : str
        One of them; a list of codes is, if any of its codes is; a list of texts, if
        all are: of several, none stands for the others.
    values : str
        Divided by `|`.
    """
    if not field:
        return ""
    listed = ", ".join(text(each) for each in values.split("|"))
    kind = named[field]["kind"]
    if kind in {"codes", "codings"}:
        return f'list_has_any("{field}", [{listed}])'
    if kind == "texts":
        other = f'list_filter("{field}", lambda x: x NOT IN ({listed}))'
        return f'len("{field}") > 0 AND len({other}) = 0'
    given = f'"{field}".code' if kind in {"code", "coding"} else f'"{field}"'
    return f"{given} IN ({listed})"


def chosen(rows: Sequence[tuple[str, str]], otherwise: str) -> str:
    """Write the result of the first test that holds; one without a test always does."""
    cases = []
    for test, result in rows:
        if not test:
            otherwise = result
            break
        cases.append(f"WHEN {test} THEN {result}")
    return f"CASE {' '.join(cases)} ELSE {otherwise} END" if cases else otherwise
