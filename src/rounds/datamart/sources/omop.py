"""OMOP CDM 5.3 or 5.4: a folder of CSV or parquet files, or a DuckDB file."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import duckdb

from rounds.datamart.csv_files.reading import csv_relation, header
from rounds.datamart.fhir.paths import file_text, text
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.rows import stage_rows
from rounds.datamart.omop.tables import VOCABULARY_TABLES, row_tables
from rounds.datamart.omop.writing import write_tables
from rounds.datamart.sources.base import Held, Loaded, Tell, remark_file
from rounds.datamart.vocabulary.concepts import FIRST_LOCAL

__all__ = ["OmopSource", "table_relations"]

_TEXT = frozenset({".csv", ".tsv", ".txt"})
_DATABASE = frozenset({".duckdb", ".db"})
_CONCEPTS = (
    "(SELECT concept_id, vocabulary_id, concept_code, concept_name FROM rows_concept "
    "UNION ALL SELECT concept_id, vocabulary_id, concept_code, concept_name "
    "FROM vocabulary.concept)"
)
"""Every concept that a row may have."""
_KNOWN = frozenset(row_tables()) | VOCABULARY_TABLES


def _table_of(file: SourceFile) -> str | None:
    """Give the CDM table that a file holds, after its own name or its folder's."""
    if file.extension not in _TEXT | {".parquet"}:
        return None
    path = PurePosixPath(file.name)
    for name in (path.name.split(".")[0], path.parent.name):
        if name.lower() in _KNOWN:
            return name.lower()
    return None


class OmopSource:
    """Reads OMOP tables by their name, in any letter case."""

    shape = "omop"
    adds = False

    def recognises(self, files: Sequence[SourceFile]) -> bool:
        """Tell whether one of them is a person table, or a DuckDB file."""
        named = any(_table_of(file) == "person" for file in files)
        return named or any(file.extension in _DATABASE for file in files)

    def reads_as(self, file: SourceFile) -> str | None:  # noqa: ARG002 - of any name
        """Every file is read in one way; which table it is, its name says."""
        return ""

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        tell: Tell,
        held: Held,
    ) -> Loaded:
        """Fill the CDM tables from the files or tables of the same names.

        What the source gave before is replaced, and its places are written whole.
        """
        # A file is looked at, then read: the second time its layout is known.
        connection.execute("SET parquet_metadata_cache = true")
        connection.execute(
            "CREATE TEMP TABLE own_columns (table_name VARCHAR, names VARCHAR[])"
        )
        relations = list(table_relations(connection, files))
        n_read = 0
        for table in (*row_tables(), "concept"):
            mine = [each[1:] for each in relations if each[0] == table]
            n_read += stage_rows(connection, table, mine)
            tell(f"reading {table}", n_read)
        if held.deidentifier:  # a site's own maps and synonyms may name people
            relations = [each for each in relations if each[0] == "concept"]
        vocabulary = _vocabulary(connection, relations)
        if held.deidentifier:
            held.deidentifier.replace_rows(_CONCEPTS)
        _remark_others(connection, files)
        tell("writing", n_read)
        written = write_tables(connection, held.namespace)
        text_files = frozenset(f.number for f in files if f.extension in _TEXT)
        return Loaded(
            entries=frozenset(f.number for f in files) - text_files,
            header_lines=text_files,
            entry_name="row",
            rows=written,
            vocabulary=vocabulary,
        )


def table_relations(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile]
) -> Iterable[tuple[str, int, str]]:
    """Give each table with the number of its file and how it is read in SQL.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To which databases among the files are attached.
    files : sequence of SourceFile
        Of an OMOP source.
    """
    for file in files:
        if file.extension in _DATABASE:
            yield from _of_database(connection, file)
        elif (table := _table_of(file)) and file.size:
            yield table, file.number, _of_file(file)


def _remark_others(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile]
) -> None:
    """Remark on files that look like tables and bear the name of none."""
    for file in files:
        if file.extension in _TEXT | {".parquet"} and _table_of(file) is None:
            remark_file(connection, file)


def _of_file(file: SourceFile) -> str:
    if file.extension == ".parquet":
        return f"read_parquet({file_text(file.path)}, hive_partitioning=false)"
    delimiter, names = header(file)
    return csv_relation(file, names, delimiter)


def _of_database(
    connection: duckdb.DuckDBPyConnection, file: SourceFile
) -> Iterable[tuple[str, int, str]]:
    name = f"source_{file.number}"
    connection.execute(f"ATTACH {text(str(file.path))} AS {name} (READ_ONLY)")
    # Views are left alone: reading one runs whatever its maker wrote into it.
    found = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $1 "
        "ORDER BY ALL",
        [name],
    ).fetchall()
    for schema, table in found:
        if table.lower() in _KNOWN:
            yield table.lower(), file.number, f"{name}.{_named(schema)}.{_named(table)}"


def _named(name: str) -> str:
    """Write a name from a file as an SQL identifier and nothing else."""
    return '"' + name.replace('"', '""') + '"'


def _vocabulary(
    connection: duckdb.DuckDBPyConnection, relations: Sequence[tuple[str, int, str]]
) -> dict[str, str]:
    """Give the source's vocabulary tables as SQL; its own concepts are not among them.

    `concept` has been judged, since every other table hangs on it.
    """
    shared = f"rows_concept WHERE reason IS NULL AND concept_id < {FIRST_LOCAL}"
    if not connection.execute(f"SELECT 1 FROM {shared} LIMIT 1").fetchall():
        return {}
    columns = ", ".join(f'"{row["column"]}"' for row in cdm_columns("concept"))
    found = {"concept": f"(SELECT {columns} FROM {shared})"}
    for table in sorted(VOCABULARY_TABLES - {"concept"}):
        mine = [f"SELECT * FROM {each[2]}" for each in relations if each[0] == table]
        if mine:
            found[table] = f"({' UNION ALL BY NAME '.join(mine)})"
    return found
