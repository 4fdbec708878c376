"""Run a view over files of FHIR resources, and write its rows to one file."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from rounds.datamart.sql_on_fhir.compiling import DEPTH
from rounds.datamart.sql_on_fhir.repeating import TOO_DEEP
from rounds.datamart.sql_on_fhir.resource_files import ResourceFiles
from rounds.datamart.sql_on_fhir.shape import quoted, text
from rounds.datamart.sql_on_fhir.values import MANY_VALUES
from rounds.datamart.sql_on_fhir.view import (
    CompiledView,
    ViewDefinition,
    compile_view,
)
from rounds.nouns.errors import DataError, DefinitionError, SourceError

__all__ = ["ViewReport", "run_view"]

_DEEPEST = 256
_FORMATS = {".csv": "FORMAT csv, HEADER true", ".parquet": "FORMAT parquet"}
_WRONG = (duckdb.InvalidInputException, duckdb.ConversionException)


@dataclass(frozen=True)
class ViewReport:
    """What a run of a view read and wrote; no value of a row."""

    view: str
    resource: str
    out: Path
    rows: int
    read: int
    """Resources of the view's type, in all files."""
    other: int
    """Resources of other types."""
    set_aside: tuple[tuple[str, str, int], ...]
    """File, reason, and how many lines or resources are not in the result for it."""
    columns: tuple[tuple[str, str], ...]


def run_view(view: ViewDefinition, files: Sequence[Path], out: Path) -> ViewReport:
    """Run a view over files and write its rows.

    The rows are about persons: the file can be read by its owner alone. It is written
    whole or not at all.

    Parameters
    ----------
    view : ViewDefinition
        What `ViewDefinition.parse` gives.
    files : sequence of Path
        NDJSON, plain or gzip, of any types; single resources or Bundles as JSON.
    out : Path
        A file ending in `.csv` or `.parquet`; it is replaced if it is there.

    Returns
    -------
    ViewReport
        How many rows were written, and what was set aside, with the reason.

    Raises
    ------
    DefinitionError
        If `out` ends in something else (`view-output-format`).
    DataError
        If a path gives many values and its column allows one (`view-many-values`), or
        a value does not fit its column's type (`view-value`), or a resource is nested
        too deeply for a `repeat` (`view-too-deep`).
    SourceError
        If a file cannot be read to its end, or the result cannot be written.
    """
    options = _FORMATS.get(out.suffix.lower())
    if options is None:
        raise DefinitionError(
            f"A view is written as CSV or parquet, not as {out.name!r}.",
            code="view-output-format",
            remedies=("End the file's name in .csv or .parquet.",),
        )
    try:
        # Its rows may be spilled here: a folder of its owner alone, beside the result.
        with tempfile.TemporaryDirectory(prefix=".view-", dir=out.parent) as name:
            return _run(view, files, out, Path(name), options)
    except (OSError, duckdb.Error) as error:
        raise SourceError(
            f"The view could not be written to {out}: {_reason(error)}.",
            code="view-not-written",
            why="What was there before is as it was.",
            remedies=(
                "Check that the folder is there and that you may write to it.",
                "Free some space: the rows are written beside it first.",
            ),
        ) from None


def _reason(error: Exception) -> str:
    """Say what failed without the engine's words, which may quote a row."""
    if isinstance(error, OSError):
        return error.strerror or "the system refused"
    return f"the engine stopped ({type(error).__name__})"


def _run(
    view: ViewDefinition, files: Sequence[Path], out: Path, work: Path, options: str
) -> ViewReport:
    connection = duckdb.connect(work / "work.duckdb")
    try:
        connection.execute(f"SET temp_directory = {text(str(work / 'spill'))}")
        connection.execute("SET TimeZone = 'UTC'")
        compiled = compile_view(view)
        found = ResourceFiles(connection, compiled)
        found.look_into(files)
        part = work / f"rows{out.suffix}"
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600))
        rows = _Copying(connection, view, found, part, options).copy()
        part.chmod(0o600)
        part.replace(out)
    finally:
        connection.close()
    return ViewReport(
        view=view.name,
        resource=view.resource,
        out=out,
        rows=rows,
        read=found.n_read,
        other=found.n_other,
        set_aside=tuple((*key, n) for key, n in sorted(found.set_aside.items())),
        columns=compiled.columns,
    )


@dataclass
class _Copying:
    """One attempt after another to write the rows: typed first, then as JSON."""

    connection: duckdb.DuckDBPyConnection
    view: ViewDefinition
    found: ResourceFiles
    part: Path
    options: str
    depth: int = DEPTH

    def copy(self) -> int:
        """Write the rows and give their number."""
        while True:
            compiled = compile_view(self.view, depth=self.depth)
            sql = _flat(compiled, self.found.relation(), self.part.suffix)
            try:
                return self._write(sql)
            except _WRONG as error:
                if TOO_DEEP in str(error):
                    self._go_deeper()
                elif not self._read_bad_files_as_json(compiled):
                    raise self._explained(compiled, error) from None

    def _go_deeper(self) -> None:
        if self.depth >= _DEEPEST:
            raise DataError(
                f"A resource holds elements within elements, {_DEEPEST} deep and more.",
                code="view-too-deep",
                why="A repeat that stops before the last of them would lose rows.",
                remedies=("Check the source: no record in use is nested like that.",),
            )
        self.depth *= 2

    def _write(self, sql: str) -> int:
        written = f"COPY ({sql}) TO {text(str(self.part))}"
        done = self.connection.execute(
            f"{written} ({self.options}, USE_TMP_FILE false)"
        ).fetchall()
        return int(done[0][0])

    def _read_bad_files_as_json(self, compiled: CompiledView) -> bool:
        """Find the files that cannot be read typed; say whether there were any."""
        bad = []
        columns = ", ".join(
            f"count({quoted(name)})" for name in compiled.struct_columns
        )
        for path in self.found.typed:
            relation = self.found.typed_relation(path)
            try:
                self.connection.execute(f"SELECT {columns} FROM {relation}").fetchall()
                self._try_all(compiled, relation)
            except _WRONG as error:
                if MANY_VALUES not in str(error) and TOO_DEEP not in str(error):
                    bad.append(path)
        for path in bad:
            self.found.read_as_json(path)
        return bool(bad)

    def _try_all(self, compiled: CompiledView, relation: str) -> None:
        counted = ", ".join(f"count({quoted(name)})" for name, _ in compiled.columns)
        sql = compiled.select(relation)
        self.connection.execute(f"SELECT {counted} FROM ({sql})").fetchall()

    def _explained(self, compiled: CompiledView, error: duckdb.Error) -> DataError:
        """Say which columns fail, in our words: the engine's may quote a value."""
        failing = ", ".join(repr(name) for name in self._failing(compiled))
        where = f"Column {failing}" if failing else "A condition or an iteration"
        if MANY_VALUES in str(error):
            return DataError(
                f"{where} of the view: a path gives several values for one resource.",
                code="view-many-values",
                why="Any one of them would be an arbitrary choice.",
                remedies=(
                    "Take one of them with first(), or an index such as [0].",
                    "Say collection: true, or unnest them with forEach.",
                ),
            )
        return DataError(
            f"{where} of the view: a value is not of the type that is asked for.",
            code="view-value",
            why="A value that is left out without a word would falsify the rows.",
            remedies=(
                "Check the type and the ansi/type tag of the column.",
                "Check the values of this element in the source.",
            ),
        )

    def _failing(self, compiled: CompiledView) -> list[str]:
        """Name the columns that fail; none, if it is not a column that does."""
        relation = self.found.relation()
        failing = []
        for output in (compiled.pipeline.nothing(), *compiled.outputs):
            one = compiled.pipeline.render(relation, [output])
            try:
                self.connection.execute(
                    f"SELECT count({quoted(output.name)}) FROM ({one})"
                ).fetchall()
            except _WRONG:
                if not output.kind:
                    return []
                failing.append(output.name)
        return failing


def _flat(compiled: CompiledView, relation: str, suffix: str) -> str:
    """Write the rows; CSV has no lists or structs, so they stand there as JSON."""
    sql = compiled.select(relation)
    if suffix.lower() != ".csv":
        return sql
    columns = [
        f"to_json({quoted(name)}) AS {quoted(name)}"
        if kind.endswith("[]") or kind.startswith("STRUCT")
        else quoted(name)
        for name, kind in compiled.columns
    ]
    return f"SELECT {', '.join(columns)} FROM ({sql})"
