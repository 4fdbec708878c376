"""What each line of a CSV file becomes: one lot of rows of one table for each saying.

A line of a sheet may say several things: a visit, an arm, an outcome. Each saying is a
lot, read and judged on its own, and counted with the table into which it goes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rounds.datamart.csv_files.cells import CSV_SYSTEM, Cells
from rounds.datamart.csv_files.reading import Sheet
from rounds.datamart.deidentify import Deidentifier
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import mapping

__all__ = ["Lot", "lots_of"]

_DOMAINS = {
    "condition": "Condition",
    "measurement": "Measurement",
    "observation": "Observation",
    "procedure": "Procedure",
    "drug": "Drug",
}
_STEMS = {name: name for name in _DOMAINS}
_HOME = {"zip": "zip", "tract": "location_source_value"}
"""Where a person lives: what the mapping calls it, and the column of `location`."""
_SEXES = {"female": "8532", "f": "8532", "male": "8507", "m": "8507"}


@dataclass(frozen=True)
class Lot:
    """Rows of one table out of one file, as SQL over the file's lines."""

    sheet: Sheet
    row: str
    """What the mapping calls them."""
    table: str
    columns: dict[str, str]
    """OMOP column → SQL."""
    wants: dict[str, str]
    """Key that must not be empty → SQL."""
    faults: tuple[tuple[str, str], ...] = ()
    """What is wrong where a test holds."""
    where: str = "true"
    """Which lines say it at all."""
    code: tuple[str, str, str] | None = None
    """Vocabulary, code and display."""
    domain: str = ""
    ucum: str | None = None
    names_person: bool = True
    """Whether a column says who it is about; otherwise each line is one person."""
    person: str | None = None
    unit: str | None = None
    clinician: str | None = None


def lots_of(sheet: Sheet, deidentifier: Deidentifier | None = None) -> Iterator[Lot]:
    """Give every lot of a file, in the order of its entries.

    Parameters
    ----------
    sheet : Sheet
        The file.
    deidentifier : Deidentifier, optional
        What takes identifiers away; codes and units are kept before the rows are made.
    """
    for entry in sheet.mapped.entries:
        cells = Cells(sheet, entry)
        lot = _lot(cells)
        yield _without_words(lot, deidentifier) if deidentifier else lot
        if entry.row == "person" and cells.has("death"):
            yield _death(cells)
        if entry.row == "person" and _home(cells):
            yield _location(cells)
        if cells.has("arm"):
            yield _finding(cells, "arm", "arm")
        for key, cell in entry.cells.items():
            if key.startswith("outcome "):
                yield _finding(cells, key, cell.column or key)


def _lot(cells: Cells) -> Lot:
    row = cells.entry.row
    rules = [rule for rule in mapping("csv_columns") if rule["row"] == row]
    table = rules[0]["table"]
    columns: dict[str, str] = {}
    for rule in rules:
        if cells.has(rule["key"]) and rule["takes"] not in {"arm", "outcome"}:
            columns |= _columns(cells, rule["key"], rule["takes"], rule["column"])
    if table == "visit_occurrence":
        columns["visit_occurrence_id"] = cells.key("visit", cells.visit())
    elif row in _DOMAINS:
        columns[f"{table}_id"] = cells.key(row, cells.own("id"))
        columns["visit_occurrence_id"] = cells.key("visit", cells.visit())
    about_person = row not in {"unit", "clinician"}
    if about_person:
        columns["person_id"] = cells.key("person", cells.person())
    if row == "person":
        columns["person_source_value"] = cells.person()
        if home := _home(cells):
            lives = cells.key("home", cells.person())
            columns["location_id"] = f"CASE WHEN {home} THEN {lives} END"
    wants = {
        rule["key"]: cells.word(rule["key"])
        for rule in rules
        if rule["needed"] == "yes" or (rule["key"] == "person" and cells.has("person"))
    }
    faults: tuple[tuple[str, str], ...] = ()
    if row == "person" and cells.has("birth"):
        birth = cells.day("birth")
        whole = "[0-9]{4}(-[0-9]{2}(-[0-9]{2}([ T].*)?)?)?"
        test = f"NOT regexp_full_match({birth}, '{whole}')"
        faults = ((test, "impossible date: birth"),)
    return Lot(
        cells.sheet,
        row,
        table,
        columns,
        wants,
        faults,
        code=_code(cells) if "code" in cells.entry.cells else None,
        domain=_DOMAINS.get(row, ""),
        ucum=cells.word("ucum") if cells.has("ucum") else None,
        names_person=cells.has("person") or not about_person,
        person=cells.person() if about_person and row != "person" else None,
        unit=cells.word("unit") if cells.has("unit") else None,
        clinician=cells.word("clinician") if cells.has("clinician") else None,
    )


def _without_words(lot: Lot, deidentifier: Deidentifier) -> Lot:
    """Put what names nobody in the place of codes and units that are none."""
    code, ucum = lot.code, lot.ucum
    if code is not None:
        safe = deidentifier.code(code[0], code[1])
        code = (code[0], safe, safe)
    if ucum is not None:
        ucum = deidentifier.unit(lot.sheet.table, ucum)
    return replace(lot, code=code, ucum=ucum)


def _code(cells: Cells) -> tuple[str, str, str]:
    code = cells.word("code")
    return cells.vocabulary(), code, code


def _columns(cells: Cells, key: str, takes: str, column: str) -> dict[str, str]:
    """Write what one key fills, beside the keys of the row itself."""
    word = cells.word(key)
    if takes == "time":
        moment = column.replace("_date", "_datetime")
        return {column: cells.day(key), moment: cells.moment(key)}
    if takes in {"unit", "clinician"}:
        found = {column: cells.key(takes, word)}
        if key == cells.entry.row:
            found[column.replace("_id", "_source_value")] = word
        return found
    if takes == "number":
        found = {column: cells.number(key)}
        return found | ({"value_source_value": word} if key == "value" else {})
    if takes == "value":
        return _value(cells, key)
    if takes == "birth":
        return _birth(cells.day(key))
    if takes == "sex":
        cases = " ".join(f"WHEN '{name}' THEN {id_}" for name, id_ in _SEXES.items())
        return {column: word, "gender_concept_id": f"CASE lower({word}) {cases} END"}
    if takes == "class":
        rows = [row for row in mapping("fixed_concepts") if row["group"] == "visit"]
        cases = " ".join(
            f"WHEN '{row['code']}' THEN {row['concept_id']}" for row in rows
        )
        return {column: word, "visit_concept_id": f"CASE upper({word}) {cases} END"}
    return {column: word} if takes in {"code", "ucum", "text"} else {}


def _birth(day: str) -> dict[str, str]:
    return {
        "year_of_birth": f"nullif(substr({day}, 1, 4), '')",
        "month_of_birth": f"nullif(substr({day}, 6, 2), '')",
        "day_of_birth": f"nullif(substr({day}, 9, 2), '')",
    }


def _value(cells: Cells, key: str) -> dict[str, str]:
    number, word = cells.answer(key), cells.word(key)
    return {
        "value_as_number": number,
        "value_as_string": f"CASE WHEN {number} IS NULL THEN {word} END",
        "value_source_value": word,
    }


def _death(cells: Cells) -> Lot:
    """Write the deaths of a file of persons."""
    day = {"death_date": cells.day("death"), "death_datetime": cells.moment("death")}
    return Lot(
        cells.sheet,
        "death",
        "death",
        {"person_id": cells.key("person", cells.person()), **day},
        {},
        where=f"{cells.word('death')} IS NOT NULL",
        person=cells.person(),
    )


def _home(cells: Cells) -> str:
    """Write whether a line says where its person lives; empty if no column does."""
    said = [f"{cells.word(key)} IS NOT NULL" for key in _HOME if cells.has(key)]
    return " OR ".join(said)


def _location(cells: Cells) -> Lot:
    """Write where the persons of a file live."""
    columns = {"location_id": cells.key("home", cells.person())}
    columns |= {column: cells.word(key) for key, column in _HOME.items()}
    return Lot(cells.sheet, "home", "location", columns, {}, where=f"({_home(cells)})")


def _finding(cells: Cells, key: str, name: str) -> Lot:
    """Write an arm, or an outcome, of the visit on a line as an observation."""
    columns = {
        "person_id": cells.key("person", cells.person()),
        "observation_id": cells.key(f"{key}", cells.own("visit")),
        "observation_date": cells.day("time"),
        "observation_datetime": cells.moment("time"),
        "observation_source_value": text(name),
        "visit_occurrence_id": cells.key("visit", cells.visit()),
        **_value(cells, key),
    }
    if cells.has("clinician"):
        columns["provider_id"] = cells.key("clinician", cells.word("clinician"))
    return Lot(
        cells.sheet,
        "visit",
        "observation",
        columns,
        {"person": cells.person(), "time": cells.word("time")},
        where=f"{cells.word(key)} IS NOT NULL",
        code=(text(CSV_SYSTEM), text(name), text(name)),
        domain="Observation",
        names_person=cells.has("person"),
        person=cells.person(),
    )
