"""Which rows of several parts are seen: a later part hides what it says again.

Parts are given as the aliases under which they are attached, oldest first. A later part
hides the staged resources whose key it holds itself, and the rows of the persons it has
touched. Nothing here runs a query: relations are written, for a FROM.
"""

from collections.abc import Sequence

__all__ = ["visible_rows", "visible_stage"]


def visible_stage(
    table: str, aliases: Sequence[str], *, overridden_by: str | None = None
) -> str:
    """Write the relation of the staged rows that no later part overrides by `key`.

    Parameters
    ----------
    table : str
        A staging table that every part holds, e.g. `stage_Patient`, with a column
        `key`.
    aliases : sequence of str
        The parts, oldest first; at least one.
    overridden_by : str, optional
        The table whose keys hide those of earlier parts, if it is another: for a table
        that holds several rows or none of one resource, name the resource's own.

    Returns
    -------
    str
        A parenthesised SELECT; with one part, the bare table.

    Examples
    --------
    >>> visible_stage("stage_Patient", ["part_1"])
    '"part_1"."stage_Patient"'
    """
    return _visible(table, aliases, "key", hidden_by=(overridden_by or table, "key"))


def visible_rows(table: str, aliases: Sequence[str], *, key: str = "person_id") -> str:
    """Write the relation of a table's rows whose person no later part has touched.

    Parameters
    ----------
    table : str
        A CDM table with a column that says whose row it is.
    aliases : sequence of str
        The parts of one source, oldest first; all but the first hold `touched`.
    key : str
        That column.

    Returns
    -------
    str
        A parenthesised SELECT; with one part, the bare table.
    """
    return _visible(table, aliases, key, hidden_by=("touched", "person_id"))


def _visible(
    table: str, aliases: Sequence[str], key: str, *, hidden_by: tuple[str, str]
) -> str:
    assert aliases, "no part to read"
    if len(aliases) == 1:
        return _named(aliases[0], table)
    hiding, column = hidden_by
    selects = []
    for place, alias in enumerate(aliases, start=1):
        seen = f"SELECT one.* FROM {_named(alias, table)} AS one"
        later = " UNION ALL ".join(
            f'SELECT "{column}" AS hidden FROM {_named(other, hiding)}'
            for other in aliases[place:]
        )
        if later:
            seen += f' ANTI JOIN ({later}) AS later ON later.hidden = one."{key}"'
        selects.append(seen)
    return f"({' UNION ALL '.join(selects)})"


def _named(alias: str, table: str) -> str:
    return f'"{alias}"."{table}"'
