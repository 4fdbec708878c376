"""CSV files as relations: the header as it stands, every value as text."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from rounds.datamart.csv_files.mapping import MappedFile
from rounds.datamart.fhir.paths import file_text, text
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.omop.rows import rejected_lines

__all__ = ["Sheet", "csv_relation", "header", "read_sheet"]

_LONGEST = 1 << 20


@dataclass(frozen=True)
class Sheet:
    """One mapped CSV file, read into a table of text with the place of each line."""

    file: SourceFile
    mapped: MappedFile
    columns: Mapping[str, str]
    """What the header calls a column → what the table does."""
    delimiter: str

    @property
    def number(self) -> int:
        """The number of its file."""
        return self.file.number

    @property
    def table(self) -> str:
        """The table it is read into."""
        return f"csv_{self.file.number}"


def header(file: SourceFile, encoding: str = "utf-8") -> tuple[str, list[str]]:
    """Read what divides the columns of a file, and their names."""
    opened = gzip.open if file.gzipped else open
    with opened(file.path, "rb") as packed:
        stream = io.TextIOWrapper(packed, encoding, errors="replace", newline="\n")
        line = stream.readline(_LONGEST).removeprefix("\ufeff").rstrip("\r\n")
    delimiter = max(",\t;|", key=line.count)
    return delimiter, next(csv.reader([line], delimiter=delimiter), [])


def csv_relation(
    file: SourceFile, names: Sequence[str], delimiter: str, encoding: str = "utf-8"
) -> str:
    """Write how a CSV file is read: all as text, lines that are not CSV kept apart.

    Parameters
    ----------
    file : SourceFile
        A file with a header.
    names : sequence of str
        What to call its columns.
    delimiter : str
        What divides them.
    encoding : str
        `utf-8`, `utf-16` or `latin-1`.
    """
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    compression = "gzip" if file.gzipped else "uncompressed"
    coded = "" if encoding == "utf-8" else f"encoding={text(encoding)}, "
    return (
        f"read_csv({file_text(file.path)}, auto_detect=false, header=true, {coded}"
        f"columns={{{columns}}}, delim={text(delimiter)}, quote='\"', escape='\"', "
        f"compression='{compression}', store_rejects=true, "
        f"rejects_table='rejected_{file.number}', "
        f"rejects_scan='rejected_scan_{file.number}')"
    )


def read_sheet(connection: duckdb.DuckDBPyConnection, sheet: Sheet, kind: str) -> int:
    """Read a file into its table; set aside what is not CSV, under a type.

    Returns
    -------
    int
        How many lines there are, with those that were set aside.
    """
    names = list(sheet.columns.values())
    given = csv_relation(sheet.file, names, sheet.delimiter, sheet.mapped.encoding)
    cells = ", ".join(f"nullif(trim({name}), '') AS {name}" for name in names)
    n = connection.execute(
        f"CREATE TEMP TABLE {sheet.table} AS SELECT row_number() OVER () AS record, "
        f"{cells} FROM {given}"
    ).fetchall()[0][0]
    n_broken = rejected_lines(connection, kind, sheet.number)
    if n_broken:
        connection.execute(
            "INSERT INTO reading VALUES (?, ?, ?)", [sheet.number, kind, n_broken]
        )
    return int(n) + n_broken
