"""The end of every vocabulary's making: value sets, maps, and what it is called."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import duckdb

from rounds.datamart.vocabulary.concept_maps import read_maps
from rounds.datamart.vocabulary.fhir_terms import Resource, Terms, written
from rounds.datamart.vocabulary.joining import add_parts
from rounds.datamart.vocabulary.report import VocabularyReport
from rounds.datamart.vocabulary.spelling import spelled
from rounds.datamart.vocabulary.tables import columns_of, order_of, table_names
from rounds.datamart.vocabulary.value_sets import expand_all
from rounds.nouns.errors import DataError

__all__ = ["describe", "describe_in_force", "finish"]

_FORMAT = "1"  # raised when the same input gives another file


def finish(
    connection: duckdb.DuckDBPyConnection,
    terms: Terms,
    tell: Callable[[str, int], None],
) -> VocabularyReport:
    """Expand every value set anew, write the maps, and name the whole."""
    every = _all_terms(connection, terms)
    n = connection.execute("SELECT count(*) FROM concept").fetchall()[0][0]
    tell(f"{len(every.value_sets):,} value sets", n)
    expanded = expand_all(connection, every.value_sets)
    maps = read_maps(every.concept_maps)
    for table, rows in (
        ("rounds_value_set", expanded.rows),
        ("rounds_concept_map", maps.rows),
    ):
        _insert(connection, table, rows)
    add_parts(
        connection,
        [
            (kind, name, hashlib.sha256(content.encode()).hexdigest(), content)
            for (kind, name), one in sorted(every.named().items())
            for content in [written(one)]
        ],
    )
    return describe(
        connection,
        refused=(*expanded.refused, *maps.refused),
        remarks=_remarks(connection, maps.remarks, terms.others),
    )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Sequence[tuple[str | None, ...]],
) -> None:
    """Fill a table, with the codes of a map as their vocabularies spell them."""
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = [row["column"] for row in columns_of(table)]
    unnested = ", ".join(f"unnest(${i}) AS {n}" for i, n in enumerate(names, start=1))
    values = {name: name for name in names}
    for side in ("source", "target"):
        if f"{side}_code" in values:
            code = spelled(f"{side}_vocabulary_id", f"{side}_code")
            values[f"{side}_code"] = code
    connection.execute(
        f"INSERT INTO {table} SELECT {', '.join(values.values())} "
        f"FROM (SELECT {unnested}) ORDER BY {order_of(table)}",
        columns,
    )


def _all_terms(connection: duckdb.DuckDBPyConnection, terms: Terms) -> Terms:
    """Join the resources that are brought to those that were loaded before."""
    every = _held_terms(connection, "former") | terms.named()
    return Terms.of(every.values())


def _held_terms(
    connection: duckdb.DuckDBPyConnection, database: str
) -> dict[tuple[str, str], Resource]:
    """Give the resources that a vocabulary was made from, by kind and name."""
    held = connection.execute(
        f"SELECT part, name, content FROM {database}.rounds_vocabulary_part "
        "WHERE part IN ('ValueSet', 'ConceptMap')"
    ).fetchall()
    return {(kind, name): json.loads(content) for kind, name, content in held}


def _remarks(
    connection: duckdb.DuckDBPyConnection, remarks: Sequence[str], others: int
) -> tuple[str, ...]:
    found = list(remarks)
    if others:
        found.append(f"{others:,} FHIR resources of other types were left.")
    nameless = connection.execute(
        "SELECT count(*) FROM concept WHERE vocabulary_id = 'CPT4' "
        "AND concept_name = concept_code"
    ).fetchall()[0][0]
    if nameless:
        found.append(
            f"{nameless:,} concepts of CPT4 have no name, which Athena may not give; "
            "they map as well. Its cpt4.jar fetches the names."
        )
    return tuple(found)


def describe_in_force(datamart: Any) -> VocabularyReport:
    """Say what the vocabulary of an open datamart holds; an empty id if there is none.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    connection = datamart._connection  # noqa: SLF001 -- of this room
    try:
        terms = _held_terms(connection, "vocabulary")
        named = connection.execute(
            "SELECT DISTINCT url, version FROM vocabulary.rounds_value_set UNION "
            "SELECT DISTINCT url, version FROM vocabulary.rounds_concept_map"
        ).fetchall()
        there = {f"{url}|{version}" if version else url for url, version in named}
        refused = tuple(
            (name, "it could not be used when it was loaded")
            for _, name in sorted(terms)
            if name not in there
        )
        return describe(connection, "vocabulary", refused=refused)
    except duckdb.Error as error:
        raise DataError(
            f"The datamart could not be read ({type(error).__name__}).",
            code="datamart-unreadable",
            remedies=("Load the vocabulary again: rounds vocabulary load FOLDER.",),
        ) from None


def describe(
    connection: duckdb.DuckDBPyConnection,
    database: str = "",
    *,
    refused: tuple[tuple[str, str], ...] = (),
    remarks: tuple[str, ...] = (),
) -> VocabularyReport:
    """Say what a vocabulary holds.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On which it is open.
    database : str, optional
        Its alias; by default the connection's own database.
    refused, remarks : tuple, optional
        What its builder found.

    Returns
    -------
    VocabularyReport
        With an empty id if it is empty.
    """
    prefix = f"{database}." if database else ""

    def one(query: str) -> Any:
        return connection.execute(query).fetchall()[0][0]

    parts = connection.execute(
        f"SELECT part, name, sha256 FROM {prefix}rounds_vocabulary_part ORDER BY ALL"
    ).fetchall()
    named = json.dumps([_FORMAT, *parts])
    release = one(
        f"SELECT max(vocabulary_version) FROM {prefix}vocabulary "
        "WHERE vocabulary_id = 'None'"
    )
    return VocabularyReport(
        id=hashlib.sha256(named.encode()).hexdigest()[:16] if parts else "",
        release=release or "",
        rows={
            table: one(f"SELECT count(*) FROM {prefix}{table}")
            for table in table_names()
            if table != "rounds_vocabulary_part"
        },
        value_sets=one(
            f"SELECT count(DISTINCT (url, version)) FROM {prefix}rounds_value_set"
        ),
        concept_maps=one(
            f"SELECT count(DISTINCT (url, version)) FROM {prefix}rounds_concept_map"
        ),
        refused=refused,
        remarks=remarks,
    )
