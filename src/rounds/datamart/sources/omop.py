"""OMOP CDM 5.3 or 5.4: a folder of CSV or parquet files, or a DuckDB file."""

import csv
from collections.abc import Sequence
from pathlib import PurePosixPath

import duckdb

from rounds.datamart.fhir_paths import text
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.omop_rows import stage_rows
from rounds.datamart.omop_writing import write_tables
from rounds.datamart.source_files import SourceFile, open_text
from rounds.datamart.sources.base import Held, Loaded, Tell

__all__ = ["OmopSource"]

_TEXT = frozenset({".csv", ".tsv", ".txt"})
_DATABASE = frozenset({".duckdb", ".db"})


def _table_of(file: SourceFile) -> str | None:
    """Give the CDM table that a file holds, after its own name or its folder's."""
    if file.extension not in _TEXT | {".parquet"}:
        return None
    path = PurePosixPath(file.name)
    for name in (path.name.split(".")[0], path.parent.name):
        if name.lower() in cdm_tables():
            return name.lower()
    return None


def _header(file: SourceFile) -> tuple[str, list[str]]:
    """Read the names of the columns, and what divides them."""
    with open_text(file) as stream:
        line = stream.readline().removeprefix("\ufeff").rstrip("\r\n")
    delimiter = max(",\t;|", key=line.count)
    return delimiter, next(csv.reader([line], delimiter=delimiter), [])


class OmopSource:
    """Reads OMOP tables by their name, in any letter case."""

    shape = "omop"
    adds = False

    def recognises(self, files: Sequence[SourceFile]) -> bool:
        """Tell whether one of them is a person table, or a DuckDB file."""
        named = any(_table_of(file) == "person" for file in files)
        return named or any(file.extension in _DATABASE for file in files)

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        tell: Tell,
        held: Held = Held(),  # noqa: ARG002, B008 - it gives the whole each time
    ) -> Loaded:
        """Fill the CDM tables from the files or tables of the same names."""
        # A file is looked at, then read: the second time its layout is known.
        connection.execute("SET parquet_metadata_cache = true")
        n_read = 0
        relations: list[tuple[str, int, str]] = []
        for file in files:
            if file.extension in _DATABASE:
                relations += self._of_database(connection, file)
            elif (table := _table_of(file)) and file.size:
                relations.append((table, file.number, self._of_file(file)))
        for table in cdm_tables():
            mine = [each[1:] for each in relations if each[0] == table]
            n_read += stage_rows(connection, table, mine)
            tell(f"reading {table}", n_read)
        tell("writing", n_read)
        written = write_tables(connection)
        text_files = frozenset(f.number for f in files if f.extension in _TEXT)
        others = frozenset(f.number for f in files) - text_files
        return Loaded(
            entries=others, header_lines=text_files, entry_name="row", rows=written
        )

    @staticmethod
    def _of_file(file: SourceFile) -> str:
        if file.extension == ".parquet":
            return f"read_parquet({text(str(file.path))}, hive_partitioning=false)"
        delimiter, names = _header(file)
        columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
        compression = "gzip" if file.gzipped else "uncompressed"
        return (
            f"read_csv({text(str(file.path))}, auto_detect=false, header=true, "
            f"columns={{{columns}}}, delim={text(delimiter)}, quote='\"', escape='\"', "
            f"compression='{compression}', store_rejects=true, "
            f"rejects_table='rejected_{file.number}', "
            f"rejects_scan='rejected_scan_{file.number}')"
        )

    @staticmethod
    def _of_database(
        connection: duckdb.DuckDBPyConnection, file: SourceFile
    ) -> list[tuple[str, int, str]]:
        name = f"source_{file.number}"
        connection.execute(f"ATTACH {text(str(file.path))} AS {name} (READ_ONLY)")
        found = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE database_name = ? ORDER BY ALL",
            [name],
        ).fetchall()
        return [
            (table.lower(), file.number, f'{name}."{schema}"."{table}"')
            for schema, table in found
            if table.lower() in cdm_tables()
        ]
