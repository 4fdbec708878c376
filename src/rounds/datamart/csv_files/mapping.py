"""The small file that says what the columns of plain CSV files mean.

files:
sheet.csv:
row: visit
unit: clinic            # a plain word is a column
time: date
arm: group
outcome: [controlled]
readings.csv:
row: measurement
person: patient
time: taken
code: {value: "8480-6", system: "http://loinc.org"}
value: mmhg
ucum: {value: "mm[Hg]"} # a fixed value
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import yaml

from rounds.datamart.given.source_files import SourceFile, open_text
from rounds.datamart.mapping import mapping
from rounds.nouns.errors import DefinitionError

__all__ = ["Cell", "Entry", "MappedFile", "find_mapping", "read_mapping"]

_OWN_NAMES: Final = ("rounds-mapping.yaml", "rounds-mapping.yml")
_ANY_NAMES: Final = ("mapping.yaml", "mapping.yml")
_FILE_KEYS: Final = {"dates", "decimal", "encoding"}
_ENCODINGS: Final = ("utf-8", "latin-1", "utf-16")
_CELL_KEYS: Final = {"column", "value", "values", "system"}


@dataclass(frozen=True)
class Cell:
    """Where a value comes from: a column, or one value for every row."""

    column: str | None = None
    value: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    """What is written → what it means."""
    system: "Cell | None" = None
    """The code system of a code."""


@dataclass(frozen=True)
class Entry:
    """What one line of a file is, and which columns say what."""

    row: str
    cells: Mapping[str, Cell]
    """By key; outcomes are under `outcome 1`, `outcome 2`, …"""


@dataclass(frozen=True)
class MappedFile:
    """A file, and what its lines are."""

    pattern: str
    entries: tuple[Entry, ...]
    dates: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"


def find_mapping(files: Sequence[SourceFile]) -> SourceFile | None:
    """Find the mapping file at the top of a folder, if there is one."""
    for names in (_OWN_NAMES, _ANY_NAMES):
        for file in files:
            if file.name in names and (names is _OWN_NAMES or _speaks_of_files(file)):
                return file
    return None


def _speaks_of_files(file: SourceFile) -> bool:
    try:
        return "files" in (_yaml(file) or {})
    except (DefinitionError, TypeError):
        return False


def _yaml(file: SourceFile) -> Any:
    with open_text(file) as stream:
        try:
            return yaml.safe_load(stream)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            raise DefinitionError(
                f"{file.label} is not YAML{where}.",
                code="mapping-not-yaml",
                remedies=(
                    "Put a space after each colon, and quotes around what has a colon.",
                ),
            ) from None


def read_mapping(file: SourceFile, names: Sequence[str]) -> dict[str, MappedFile]:
    """Read a mapping, and say everything that is wrong with it at once.

    Parameters
    ----------
    file : SourceFile
        The mapping.
    names : sequence of str
        The CSV files that lie beside it.

    Returns
    -------
    dict of str to MappedFile
        By the name of the file.

    Raises
    ------
    DefinitionError
        If it is not YAML, or not a mapping as the standard's page says; every fault is
        listed.
    """
    faults: list[str] = []
    listed = _yaml(file)
    files = listed.get("files") if isinstance(listed, dict) else None
    if not isinstance(files, dict) or not files:
        faults.append("files: must name at least one CSV file")
        files = {}
    found: dict[str, MappedFile] = {}
    for pattern, said in files.items():
        mapped = _mapped_file(str(pattern), said, faults)
        matching = [name for name in names if fnmatchcase(name, str(pattern))]
        if not matching:
            faults.append(f"{pattern}: there is no such file in the folder")
        faults += [f"{name}: is named twice" for name in matching if name in found]
        found |= dict.fromkeys(matching, mapped)
    insist(file.label, faults)
    return found


def insist(name: str, faults: Sequence[str]) -> None:
    """Refuse a mapping that has faults, listing them all.

    Raises
    ------
    DefinitionError
        If there is a fault.
    """
    if faults:
        rows = sorted({row["row"] for row in mapping("csv_columns")})
        raise DefinitionError(
            f"{name} has {len(faults)} fault(s):\n"
            + "\n".join(f" - {fault}" for fault in faults),
            code="mapping-invalid",
            why="A column that is taken for another would give wrong rates.",
            remedies=(
                f"Each file has a `row`, one of: {', '.join(rows)}.",
                "A word is a column; {value: …} is the same for every line.",
            ),
        )


def _mapped_file(pattern: str, said: Any, faults: list[str]) -> MappedFile:
    entries = said if isinstance(said, list) else [said]
    options: dict[str, str] = {}
    made = []
    for number, each in enumerate(entries, start=1):
        where = pattern if len(entries) == 1 else f"{pattern}, entry {number}"
        if not isinstance(each, dict):
            faults.append(f"{where}: must say what a `row` is, and name its columns")
            continue
        options |= {key: str(each[key]) for key in _FILE_KEYS if key in each}
        rest = {str(key): value for key, value in each.items() if key not in _FILE_KEYS}
        entry = _entry(where, rest, faults)
        if entry is not None:
            made.append(entry)
    encoding = options.get("encoding", "utf-8").lower()
    if encoding not in _ENCODINGS:
        faults.append(f"{pattern}: encoding must be one of {', '.join(_ENCODINGS)}")
    if options.get("decimal", ".") not in {".", ","}:
        faults.append(f"{pattern}: decimal must be '.' or ','")
    without = [entry for entry in made if "person" not in entry.cells]
    people = [e for e in made if e.row not in {"unit", "clinician"}]
    if without and any("person" in entry.cells for entry in people):
        without = [entry for entry in without if entry in people]
        faults += [f"{pattern}: {entry.row} lacks person" for entry in without]
    return MappedFile(
        pattern,
        tuple(made),
        options.get("dates"),
        options.get("decimal", "."),
        encoding,
    )


def _entry(where: str, said: Mapping[str, Any], faults: list[str]) -> Entry | None:
    row = said.get("row")
    rules = [rule for rule in mapping("csv_columns") if rule["row"] == row]
    if not rules:
        rows = sorted({rule["row"] for rule in mapping("csv_columns")})
        faults.append(f"{where}: row must be one of {', '.join(rows)}")
        return None
    cells: dict[str, Cell] = {}
    known = {rule["key"]: rule for rule in rules}
    for key, value in said.items():
        if key == "row":
            continue
        if key not in known:
            faults.append(f"{where}: {row} has no {key}; it has {', '.join(known)}")
        elif known[key]["takes"] == "outcome" and isinstance(value, list):
            for number, one in enumerate(value, start=1):
                _add(cells, f"outcome {number}", one, where, faults)
        else:
            name = "outcome 1" if key == "outcome" else key
            _add(cells, name, value, where, faults)
    needed = {rule["key"] for rule in rules if rule["needed"] == "yes"}
    faults += [
        f"{where}: {row} lacks {key} ({known[key]['meaning']})"
        for key in known
        if key in needed and key not in cells
    ]
    return Entry(str(row), cells)


def _add(
    cells: dict[str, Cell], key: str, said: Any, where: str, faults: list[str]
) -> None:
    cell = _cell(said)
    if cell is None:
        faults.append(
            f"{where}: {key} must be the name of a column, or {{column: …}} or "
            "{value: …}, with `values` and `system` where they are needed"
        )
        return
    if cell.system is not None and key != "code":
        faults.append(f"{where}: only code has a system, not {key}")
    cells[key] = cell


def _cell(said: Any) -> Cell | None:
    """Read one value's source; None if it cannot be read."""
    if isinstance(said, str | int | float) and not isinstance(said, bool):
        return Cell(column=str(said))
    if not isinstance(said, dict) or set(said) - _CELL_KEYS:
        return None
    if ("column" in said) == ("value" in said):
        return None
    values = said.get("values", {})
    if not isinstance(values, dict):
        return None
    system = said.get("system")
    of_system = Cell(value=system) if isinstance(system, str) else None
    if isinstance(system, dict):
        of_system = _cell(system)
    if system is not None and of_system is None:
        return None
    return Cell(
        column=str(said["column"]) if "column" in said else None,
        value=str(said["value"]) if "value" in said else None,
        values={_word(key): _word(value) for key, value in values.items()},
        system=of_system,
    )


def _word(said: Any) -> str:
    """Undo what YAML makes of yes and no."""
    if isinstance(said, bool):
        return "yes" if said else "no"
    return str(said)
