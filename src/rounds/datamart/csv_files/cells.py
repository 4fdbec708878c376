"""What a mapping says of a value, as SQL over the lines of its file."""

from rounds.datamart.csv_files.mapping import Cell, Entry
from rounds.datamart.csv_files.reading import Sheet
from rounds.datamart.fhir.paths import text
from rounds.datamart.omop.tables import hashed
from rounds.datamart.vocabulary.concepts import SOURCE_VOCABULARY, code_systems

__all__ = ["CSV_SYSTEM", "Cells"]

CSV_SYSTEM = "urn:rounds:csv"
"""The code system of what a sheet alone names: the arm, and its outcome columns."""

_YES = "('yes', 'true', 'y')"
_NO = "('no', 'false', 'n')"


class Cells:
    """The values of one entry, as SQL over its file's table.

    Parameters
    ----------
    sheet : Sheet
        The file.
    entry : Entry
        What its lines are.
    """

    def __init__(self, sheet: Sheet, entry: Entry) -> None:
        self.sheet = sheet
        self.entry = entry

    def has(self, key: str) -> bool:
        """Tell whether the mapping speaks of a key."""
        return key in self.entry.cells

    def word(self, key: str) -> str:
        """Write a value as it stands, or as `values` translates it."""
        cell = self.entry.cells.get(key)
        return self._word(cell) if cell else "CAST(NULL AS VARCHAR)"

    def _word(self, cell: Cell) -> str:
        if cell.column is None:
            return text(cell.value or "")
        column = self.sheet.columns[cell.column]
        if not cell.values:
            return column
        cases = " ".join(
            f"WHEN {text(written.lower())} THEN {text(meant)}"
            for written, meant in cell.values.items()
        )
        return f"CASE lower({column}) {cases} ELSE {column} END"

    def number(self, key: str) -> str:
        """Write a number, with a decimal point."""
        word = self.word(key)
        return (
            f"replace({word}, ',', '.')" if self.sheet.mapped.decimal == "," else word
        )

    def answer(self, key: str) -> str:
        """Write a number, or 1 for yes and 0 for no; NULL for any other word."""
        number = self.number(key)
        return (
            f"CASE WHEN isfinite(TRY_CAST({number} AS DOUBLE)) THEN {number} "
            f"WHEN lower({number}) IN {_YES} THEN '1' "
            f"WHEN lower({number}) IN {_NO} THEN '0' END"
        )

    def day(self, key: str) -> str:
        """Write a day, or a day with a time, year first, as it is written there."""
        word, pattern = self.word(key), self.sheet.mapped.dates
        if pattern is None:
            return word
        shape = (
            "%Y-%m-%d %H:%M:%S" if "%H" in pattern or "%I" in pattern else "%Y-%m-%d"
        )
        read = f"strftime(try_strptime({word}, {text(pattern)}), {text(shape)})"
        return f"coalesce({read}, {word})"

    def moment(self, key: str) -> str:
        """Write the time of a day, without its zone; NULL where only a day is given."""
        day = self.day(key)
        bare = f"regexp_replace({day}, ' ?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$', '')"
        return f"CASE WHEN length({day}) > 10 THEN {bare} END"

    def person(self) -> str:
        """Write who a line is about; without a column, each line is one person."""
        return self.word("person") if self.has("person") else self._line()

    def _line(self) -> str:
        return f"{text(self.sheet.file.name + ':')} || record"

    def visit(self) -> str:
        """Write the name of a line's visit: given, or that of its own line."""
        if self.has("visit"):
            return self.word("visit")
        for entry in self.sheet.mapped.entries:
            if entry.row == "visit":
                return Cells(self.sheet, entry).own("visit")
        return "CAST(NULL AS VARCHAR)"

    def own(self, key: str) -> str:
        """Write a row's own name: the one it has, or all that it says.

        Where each line is a person of its own, so is whatever stands on it.
        """
        if self.has(key):
            return self.word(key)
        if not self.has("person"):
            return self._line()
        said = [self._word(cell) for _, cell in sorted(self.entry.cells.items())]
        said += [self._word(c.system) for c in self.entry.cells.values() if c.system]
        return "concat(" + ", '|', ".join(f"coalesce({one}, '')" for one in said) + ")"

    def vocabulary(self) -> str:
        """Write the vocabulary of the code, by the URI or the name that is given."""
        cell = self.entry.cells["code"]
        if cell.system is None:
            return text(SOURCE_VOCABULARY)
        word = self._word(cell.system)
        cases = " ".join(
            f"WHEN {text(uri)} THEN {text(name)}" for uri, name in code_systems()
        )
        return (
            f"coalesce(CASE {word} {cases} ELSE {word} END, {text(SOURCE_VOCABULARY)})"
        )

    def key(self, kind: str, word: str) -> str:
        """Write the key of what a word names."""
        return hashed(f"{text(kind + '/')} || ({word})")
