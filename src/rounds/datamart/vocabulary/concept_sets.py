"""Value sets of the vocabulary in force, as the concept sets of measures."""

import re
from typing import Any, Final

import duckdb

from rounds.nouns import Code, ConceptSet
from rounds.nouns.errors import DataError, DefinitionError

__all__ = ["read_value_set", "value_set_names"]

_MOST_NAMED: Final = 5


def value_set_names(datamart: Any) -> tuple[str, ...]:
    """Give the canonical names (`url|version`) of the value sets that are loaded.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    rows = _ask(
        datamart,
        "SELECT DISTINCT CASE WHEN version = '' THEN url ELSE url || '|' || version "
        "END AS name FROM vocabulary.rounds_value_set ORDER BY name",
    )
    return tuple(row[0] for row in rows)


def read_value_set(datamart: Any, canonical: str) -> ConceptSet:
    """Give a value set as a concept set, as a measure's file would hold it.

    Parameters
    ----------
    datamart : Datamart
        Open.
    canonical : str
        `url` or `url|version`; without a version, the latest by its text.

    Returns
    -------
    ConceptSet
        Every code that the value set's expansion holds; a note says where from.

    Raises
    ------
    DefinitionError
        If there is no such value set.
    DataError
        If the datamart cannot be read.

    References
    ----------
    HL7 FHIR R4, canonical references. https://hl7.org/fhir/R4/references.html#canonical
    """
    url, _, version = canonical.partition("|")
    rows = _ask(
        datamart,
        "SELECT name, version, system, code, display FROM vocabulary.rounds_value_set "
        "WHERE url = $1 AND ($2 = '' OR version = $2) QUALIFY version = max(version) "
        "OVER () ORDER BY system, code",
        [url, version],
    )
    if not rows:
        names = value_set_names(datamart)
        near = [one for one in names if one.split("|")[0] == url] or list(names)
        listed = ", ".join(near[:_MOST_NAMED]) or "none"
        raise DefinitionError(
            f"There is no value set {canonical}.",
            code="value-set-missing",
            remedies=(
                f"Use one that is loaded: {listed}.",
                "Load it: rounds vocabulary load FOLDER, with the ValueSet as JSON.",
            ),
        )
    title, found = rows[0][:2]
    source = f"{url}|{found}" if found else url
    return ConceptSet(
        name=_slug(title) or _slug(url.rsplit("/", 1)[-1]) or "value-set",
        title=title,
        include=tuple(
            Code(system=system, code=code, display=display or "")
            for _, _, system, code, display in rows
        ),
        note=f"From the value set {source}.",
    )


def _slug(words: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    return re.sub(r"^[0-9-]+", "", plain)


def _ask(
    datamart: Any, query: str, parameters: list[str] | None = None
) -> list[tuple[Any, ...]]:
    connection = datamart._connection  # noqa: SLF001 -- of this room
    try:
        rows: list[tuple[Any, ...]] = connection.execute(
            query, parameters or []
        ).fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"The datamart could not be read ({type(error).__name__}).",
            code="datamart-unreadable",
            remedies=("Load the vocabulary again: rounds vocabulary load FOLDER.",),
        ) from None
    return rows
