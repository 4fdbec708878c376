"""The class of every column: what is known of it, and so what is done to it.

`mappings/deidentify.csv` has a row for each column of each staging table and of each
table of the CDM. A column without one is refused: what nobody has thought about does
not get in.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from rounds.datamart.mapping import Row, mapping
from rounds.nouns.errors import DataError

__all__ = ["CLASSES", "class_of", "classes_of"]

CLASSES: Final = {
    "id": "a resource's or row's own identifier: a pseudonym",
    "reference": "what points at another: the same pseudonym as there",
    "system": "the system of an identifier: one word for all",
    "identifier": "the value of an identifier: a pseudonym",
    "dropped": "names, numbers, places smaller than a state, free text: gone",
    "name": "the name of an organisation or a clinician: gone, unless it may be kept",
    "code": "a code: kept if it has the form of its known system, without its words",
    "code_text": "words instead of a code: what stands for them, or nothing",
    "codes": "codes without systems: those on the list",
    "source_code": "OMOP's source value of a code: kept if it has the form of one",
    "local_code": "OMOP's source value of something else: gone",
    "choice": "a word: kept if it is on the list",
    "boolean": "true or false",
    "number": "a number: kept if it may be; an age over 89 is 90, a rank its quarter",
    "quantity": "a number with its unit: likewise",
    "unit": "a unit: kept if it is one",
    "tree": "a structure: each element by its own class",
    "contained": "a number within the resource: its place",
    "date": "a date: its year, or moved with all dates of the person; those of which "
    "nobody under 90 can tell are one group",
    "death": "a date of death: the same, without the group",
    "birth": "a birth date: the same, and over 89 years one group",
    "birth_part": "a part of a birth date",
    "time": "a time of day: gone with the day, or kept with it",
    "source_date": "a date of the data source: its year",
    "zip": "a postal code: three digits, or 000 where few people live",
    "state": "a state: kept if it is one",
    "country": "a country: kept if it is one",
    "concept": "an OMOP concept: kept",
    "concept_text": "words of a concept: kept of standard ones, never of local ones",
    "updated": "when it was updated: hidden, the order of versions kept",
    "version": "its version: likewise",
    "place": "where it stands in the source files: kept",
    "kept": "says nothing of a person: kept",
    "value_text": "a value as words: gone; of FHIR what its own classes have left",
    "removed": "required free text: the word `removed`",
}
"""Each class, and what is done to it."""


@cache
def classes_of(shape: str, table: str) -> dict[str, Row]:
    """Give the rows of one table by column, those of every table (`*`) among them."""
    return _rows(mapping("deidentify"), shape, table)


def _rows(rows: Iterable[Row], shape: str, table: str) -> dict[str, Row]:
    mine = [row for row in rows if row["shape"] == shape]
    found = {row["column"]: row for row in mine if row["table"] == "*"}
    found |= {row["column"]: row for row in mine if row["table"] == table}
    return found


def class_of(shape: str, table: str, column: str, more: tuple[Row, ...] = ()) -> Row:
    """Give the row of a column.

    Parameters
    ----------
    shape : str
        `fhir` or `omop`.
    table, column : str
        A resource type and a field, or a table of the CDM and a column.
    more : tuple of dict
        Rows that a site has added; they never loosen one of ours.

    Raises
    ------
    DataError
        If the column has no class, or one that is not known.
    """
    row = classes_of(shape, table).get(column) or _rows(more, shape, table).get(column)
    if row is None or row["class"] not in CLASSES:
        raise DataError(
            f"{table}.{column} ({shape}) has no class, so it cannot be de-identified.",
            code="deidentify-no-class",
            why="A column that nobody has thought about may name a person.",
            remedies=(
                "Give it a class, e.g. dropped, as mappings/deidentify.csv does.",
                "Leave the column out of the mapping.",
            ),
        )
    return row
