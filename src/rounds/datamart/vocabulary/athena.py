"""OHDSI Athena exports: tab-separated files without quoting, a file to a table.

A file is taken whole or not at all: a row too short or too long, a number that is none,
a required field that is empty or a last line that is cut refuses the export, by file
and line.

References
----------
OHDSI Athena, https://athena.ohdsi.org; loaded with a tab and no quote character in
https://github.com/OHDSI/ETL-CMS/blob/master/SQL/load_CDMv5_vocabulary.sql. Its CPT4
concepts come without names, in a file of their own:
https://github.com/OHDSI/Athena/issues/414
"""

import gzip
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from rounds.datamart.fhir.paths import file_text, text
from rounds.datamart.vocabulary.faults import broken
from rounds.datamart.vocabulary.tables import OHDSI_TABLES, columns_of, order_of

__all__ = ["AthenaFile", "find_athena_files", "load_athena"]

_CPT4: Final = "concept_cpt4"
_ENDINGS: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class AthenaFile:
    """One file of an export."""

    path: Path
    table: str
    """The OHDSI table, or `concept_cpt4`."""

    @property
    def of_table(self) -> str:
        """The table into which it goes."""
        return "concept" if self.table == _CPT4 else self.table


@dataclass(frozen=True)
class _Layout:
    """What the first line of a file shows."""

    names: tuple[str, ...]
    delimiter: str
    line_end: str


def find_athena_files(files: Sequence[Path]) -> tuple[AthenaFile, ...]:
    """Find the files of an export by their names, in any letter case.

    Raises
    ------
    DataError
        If two files are of one table.
    """
    known = {*OHDSI_TABLES, _CPT4}
    found: dict[str, Path] = {}
    for path in files:
        name = path.name.lower()
        ending = next((one for one in _ENDINGS if name.endswith(one)), None)
        if ending is None or (table := name.removesuffix(ending)) not in known:
            continue
        if table in found:
            raise broken(
                path.name,
                None,
                f"there is another file of the table {table}, {found[table].name}",
                "Leave one of the two in the folder.",
            )
        found[table] = path
    ordered = (*OHDSI_TABLES, _CPT4)
    return tuple(AthenaFile(found[table], table) for table in ordered if table in found)


def load_athena(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[AthenaFile],
    tell: Callable[[str, int], None],
) -> list[tuple[str, str]]:
    """Fill the tables from an export's files, each sorted for look-ups.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Of the vocabulary that is made; its tables are empty.
    files : sequence of AthenaFile
        The export; `concept` is the least of it.
    tell : callable
        Told what has been read, and how many rows so far.

    Returns
    -------
    list of tuple of (str, str)
        Each file's table and the SHA-256 of its bytes.

    Raises
    ------
    DataError
        If a column is missing, a line is cut, or a value is none of its type.
    """
    n_rows = 0
    hashes = []
    for file in files:
        seen = file.path.stat()
        hashes.append((file.table, _whole(file)))
        n_rows += _insert(connection, file, _layout(file))
        now = file.path.stat()
        if (now.st_size, now.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
            raise broken(
                file.path.name,
                None,
                "the file changed while it was read",
                "Wait until it has been written, and load again.",
            )
        tell(f"reading {file.path.name}", n_rows)
    for file in files:
        if file.table == "concept":
            _insist_on_concepts(connection, file.path.name)
    return hashes


def _whole(file: AthenaFile) -> str:
    """Hash a file's bytes, and refuse one whose last line does not end."""
    digest, last, lines = hashlib.sha256(), b"", 0
    try:
        with file.path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                last = block
                lines += block.count(b"\n")
        if file.path.suffix.lower() == ".gz":
            with gzip.open(file.path) as packed:
                lines = 0
                while block := packed.read(_BLOCK):
                    last = block
                    lines += block.count(b"\n")
    except (EOFError, gzip.BadGzipFile):
        raise broken(file.path.name, None, "its compression is cut or broken") from None
    if not last:
        raise broken(file.path.name, None, "the file is empty")
    if not last.endswith(b"\n"):
        raise broken(
            file.path.name,
            lines + 1,
            "the last line does not end, so the file is cut",
            "Download the vocabulary again from athena.ohdsi.org, and unpack it anew.",
            "If you made the file yourself and it is whole, end its last line.",
        )
    return digest.hexdigest()


def _layout(file: AthenaFile) -> _Layout:
    """Read the first line, and refuse a file that lacks a column."""
    opened = gzip.open if file.path.suffix.lower() == ".gz" else open
    with opened(file.path, "rb") as stream:
        line = stream.readline(_BLOCK).decode("utf-8-sig", "replace")
    line_end = "\\r\\n" if line.endswith("\r\n") else "\\n"
    line = line.strip("\r\n")
    own = file.table == "source_to_concept_map"  # a site's own, often with commas
    delimiter = "," if own and "\t" not in line else "\t"
    names = [name.strip().strip('"').lower() for name in line.split(delimiter)]
    needed = [row["column"] for row in columns_of(file.of_table)]
    missing = [name for name in needed if name not in names]
    if missing and delimiter == "\t" and line.count(",") >= len(needed) - 1:
        raise broken(
            file.path.name,
            1,
            "its columns are divided by commas, and Athena's by tabs",
            "Download the vocabulary from athena.ohdsi.org.",
            "If it is part of an OMOP CDM, load that: rounds data load FOLDER.",
        )
    if missing:
        raise broken(
            file.path.name,
            1,
            f"the table {file.of_table} lacks the column {', '.join(missing)}",
        )
    if len(set(names)) < len(names):
        raise broken(file.path.name, 1, "a column is named twice")
    return _Layout(tuple(names), delimiter, line_end)


def _relation(file: AthenaFile, layout: _Layout, rejects: str) -> str:
    """Write the lines that have every column; the others are in `rejects`."""
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in layout.names)
    quote = "'\"'" if layout.delimiter == "," else "''"
    return (
        f"read_csv({file_text(file.path)}, auto_detect=false, header=true, "
        f"columns={{{columns}}}, delim={text(layout.delimiter)}, quote={quote}, "
        f"escape={quote}, nullstr='', new_line='{layout.line_end}', "
        f"max_line_size=10000000, store_rejects=true, rejects_limit=0, "
        f"rejects_table='{rejects}', rejects_scan='{rejects}_scan')"
    )


def _filled(layout: _Layout) -> str:
    """Write the test that a line is not empty; an export may end with an empty one."""
    return "(" + " OR ".join(f'"{name}" IS NOT NULL' for name in layout.names) + ")"


def _cast(column: str, kind: str, *, attempt: bool = False) -> str:
    """Write a column's value in its type; `attempt` gives NULL where it is none."""
    quoted = f'"{column}"'
    if kind == "VARCHAR":
        return quoted
    cast, parse = ("TRY_CAST", "try_strptime") if attempt else ("CAST", "strptime")
    if kind == "DATE":  # Athena writes 20991231; other tools 2099-12-31
        return (
            f"CASE WHEN length({quoted}) = 8 "
            f"THEN CAST({parse}({quoted}, '%Y%m%d') AS DATE) "
            f"ELSE {cast}({quoted} AS DATE) END"
        )
    return f"{cast}({quoted} AS {kind})"


def _insert(
    connection: duckdb.DuckDBPyConnection, file: AthenaFile, layout: _Layout
) -> int:
    table = file.of_table
    rejects = f"rejected_{file.table}"
    values = {
        row["column"]: _cast(row["column"], row["type"]) for row in columns_of(table)
    }
    source = _relation(file, layout, rejects)
    if file.table == _CPT4:
        values["concept_name"] = "coalesce(concept_name, concept_code)"
        source = (
            f"(SELECT * FROM {source} AS cpt ANTI JOIN "
            "(SELECT CAST(concept_id AS VARCHAR) AS concept_id FROM concept) AS named "
            "USING (concept_id))"
        )
    try:
        written = connection.execute(
            f"INSERT INTO {table} ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} FROM {source} "
            f"WHERE {_filled(layout)} ORDER BY {order_of(table)}"
        ).fetchall()[0][0]
    except (
        duckdb.ConversionException,
        duckdb.ConstraintException,
        duckdb.InvalidInputException,
    ):
        raise _first_fault(connection, file, layout) from None
    cut = connection.execute(
        f"SELECT min(line), count(DISTINCT line) FROM {rejects} HAVING count(*) > 0"
    ).fetchall()
    if cut:
        raise broken(
            file.path.name,
            cut[0][0],
            f"the line does not have the {len(layout.names)} columns of the header, "
            f"or is not UTF-8 ({cut[0][1]:,} such lines)",
        )
    assert isinstance(written, int)
    return written


def _first_fault(
    connection: duckdb.DuckDBPyConnection, file: AthenaFile, layout: _Layout
) -> Exception:
    """Find the first line whose value is missing or none of its type."""
    tests = {}
    for row in columns_of(file.of_table):
        column, kind = row["column"], row["type"]
        if row["required"] == "yes":
            tests[f"{column} is empty"] = f'"{column}" IS NULL'
        wrong = (
            f'"{column}" IS NOT NULL AND {_cast(column, kind, attempt=True)} IS NULL'
        )
        if kind != "VARCHAR":
            tests[f"{column} is no {kind.lower()}"] = wrong
    cases = " ".join(f"WHEN {test} THEN {text(why)}" for why, test in tests.items())
    source = _relation(file, layout, f"again_{file.table}")
    found = connection.execute(
        f"SELECT min(record) + 1, arg_min(why, record) FROM (SELECT row_number() OVER "
        f"() AS record, {_filled(layout)} AS filled, CASE {cases} END AS why "
        f"FROM {source}) WHERE filled AND why IS NOT NULL"
    ).fetchall()
    line, why = found[0]
    return broken(file.path.name, line, why or "it cannot be read as such a table")


def _insist_on_concepts(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    n, distinct = connection.execute(
        "SELECT count(*), count(DISTINCT concept_id) FROM concept"
    ).fetchall()[0]
    if not n:
        raise broken(name, None, "it holds no concept")
    if n != distinct:
        raise broken(
            name,
            None,
            f"{n - distinct:,} concept_id stand in it more than once",
            "Download the vocabulary again; do not append one export to another.",
        )
