"""Plain CSV with a small mapping file that says what its columns mean."""

from collections.abc import Iterable, Sequence

import duckdb

from rounds.datamart.csv_files.lots import lots_of
from rounds.datamart.csv_files.mapping import (
    MappedFile,
    find_mapping,
    insist,
    read_mapping,
)
from rounds.datamart.csv_files.reading import Sheet, header, read_sheet
from rounds.datamart.csv_files.staging import stage_lots
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.mapping import mapping
from rounds.datamart.omop.writing import write_tables
from rounds.datamart.sources.base import Held, Loaded, Tell

__all__ = ["CsvSource", "mapped_sheets"]

_TEXT = frozenset({".csv", ".tsv", ".txt"})


class CsvSource:
    """Reads CSV files of any layout, as a `rounds-mapping.yaml` beside them says."""

    shape = "csv"
    adds = False

    def recognises(self, files: Sequence[SourceFile]) -> bool:
        """Tell whether there is a mapping file at the top of the folder."""
        return find_mapping(files) is not None

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
        """Fill the CDM tables from the files that the mapping names.

        Raises
        ------
        DefinitionError
            If the mapping has a fault; all are listed.
        """
        found = find_mapping(files)
        assert found is not None, "the source was recognised"
        tables = [file for file in files if file.extension in _TEXT]
        away = held.deidentifier
        mapped = read_mapping(found, [file.name for file in tables])
        sheets = _sheets(found, tables, mapped)
        n_read = 0
        for sheet in sheets:
            kind = _table_of(sheet)
            n_read += read_sheet(connection, sheet, kind)
            _remark_columns(connection, sheet, kind, named=away is None)
            tell(f"reading {sheet.file.label}", n_read)
        for file in tables:
            if file.name not in mapped:
                connection.execute(
                    "INSERT INTO problem "
                    "VALUES (?, 0, 'file', 'file not mapped', false)",
                    [file.number],
                )
        lots = [lot for sheet in sheets for lot in lots_of(sheet, away)]
        stage_lots(connection, lots)
        if away:
            away.replace_rows("vocabulary.concept")
        tell("writing", n_read)
        written = write_tables(connection, held.namespace)
        text_files = frozenset(file.number for file in tables)
        return Loaded(
            entries=frozenset(file.number for file in files) - text_files,
            header_lines=text_files,
            entry_name="row",
            rows=written,
        )


def mapped_sheets(files: Sequence[SourceFile]) -> list[Sheet]:
    """Open every CSV file that a mapping among the files speaks of; none without one.

    Parameters
    ----------
    files : sequence of SourceFile
        Of a source that was loaded, as far as they are there.
    """
    found = find_mapping(files)
    if found is None:
        return []
    tables = [file for file in files if file.extension in _TEXT]
    named = [file.name for file in tables]
    mapped = read_mapping(found, named)
    return _sheets(found, tables, mapped)


def _table_of(sheet: Sheet) -> str:
    """Give the table into which a line of the file first goes."""
    row = sheet.mapped.entries[0].row
    return next(r["table"] for r in mapping("csv_columns") if r["row"] == row)


def _sheets(
    found: SourceFile, tables: Sequence[SourceFile], mapped: dict[str, MappedFile]
) -> list[Sheet]:
    """Open every mapped file, and say all that is wrong with their columns at once.

    A file may lack its header, and then its first line is a person's: no fault quotes
    what stands there, only what the mapping asks for.
    """
    faults: list[str] = []
    sheets = []
    for file in tables:
        if file.name in mapped:
            each = mapped[file.name]
            delimiter, names = header(file, each.encoding)
            stripped = [name.strip() for name in names]
            columns = {name: f"c{i}" for i, name in enumerate(stripped)}
            if len({name.lower() for name in stripped}) < len(stripped):
                faults.append(f"{file.label}: two columns have the same name")
            faults += [
                f'{file.label}: there is no column "{name}" among its {len(names)}'
                for name in _used(each)
                if name not in columns
            ]
            sheets.append(Sheet(file, each, columns, delimiter))
    insist(found.label, faults)
    return sheets


def _used(mapped: MappedFile) -> Iterable[str]:
    """Give the columns of which the mapping speaks, each once."""
    cells = [cell for entry in mapped.entries for cell in entry.cells.values()]
    cells += [cell.system for cell in cells if cell.system is not None]
    return dict.fromkeys(cell.column for cell in cells if cell.column is not None)


def _remark_columns(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, kind: str, *, named: bool
) -> None:
    """Remark on columns that the mapping leaves out: the header is one by now.

    A column may be called after a person: without `named`, it is called by its place.
    """
    used = set(_used(sheet.mapped))
    unused = [
        name if named else str(place)
        for place, name in enumerate(sheet.columns, start=1)
        if name not in used
    ]
    rows = [(sheet.number, kind, f"column not used: {name}") for name in unused]
    if rows:
        connection.executemany("INSERT INTO problem VALUES (?, 0, ?, ?, false)", rows)
