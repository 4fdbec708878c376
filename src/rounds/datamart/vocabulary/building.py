"""One vocabulary, made whole in a file of its own and never changed afterwards.

    Athena export ─┐                      ┌─▶ OHDSI tables, sorted for look-ups
    OMOP source   ─┼─▶ existing replaced ─┼─▶ rounds_value_set
    ValueSet, ConceptMap ─┘   or joined   └─▶ rounds_concept_map

An export replaces the former export and what sources brought, but for a site's own
concepts; value sets and maps replace those of their name, and the others stay. An
export, value sets and maps have the same id together, in whatever order they came.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.store.engine import engine_settings, memory_limit
from rounds.datamart.vocabulary.athena import find_athena_files, load_athena
from rounds.datamart.vocabulary.faults import full_disk_or, not_a_vocabulary
from rounds.datamart.vocabulary.fhir_terms import Terms, find_terms
from rounds.datamart.vocabulary.finishing import finish
from rounds.datamart.vocabulary.joining import (
    add_parts,
    content_hashes,
    join_tables,
    keep_site_concepts,
    keep_tables,
)
from rounds.datamart.vocabulary.relations import load_relations
from rounds.datamart.vocabulary.report import VocabularyReport
from rounds.datamart.vocabulary.tables import OHDSI_TABLES, create_tables

__all__ = ["Tell", "build_vocabulary", "vocabulary_from_relations"]

Tell: TypeAlias = Callable[[str, int], None]
"""Told what is being done, and how many rows have been read so far."""

_OWN_MAP = "source_to_concept_map"


def build_vocabulary(
    folder: Path, into: Path, *, existing: Path | None, tell: Tell
) -> VocabularyReport:
    """Make a vocabulary from a folder's files.

    Parameters
    ----------
    folder : Path
        An unpacked Athena export, whole or a subset with CONCEPT.csv at the least; FHIR
        ValueSet and ConceptMap resources as JSON, NDJSON or Bundles; or both. A single
        file will do as well.
    into : Path
        The file to make; it must not be there.
    existing : Path, optional
        The vocabulary in force. What the folder does not bring stays as it is there.
    tell : callable
        Told what is being read, and how many rows so far.

    Returns
    -------
    VocabularyReport
        With the value sets that could not be expanded here, by name.

    Raises
    ------
    DataError
        If nothing in the folder is a vocabulary, or a file of it is broken: `into` is
        then not there.
    SourceError
        If the disk is full, or a file may not be read.
    """
    files = _files(folder)
    athena = find_athena_files(files)
    has_concepts = any(one.table == "concept" for one in athena)
    own_map_alone = {one.table for one in athena} == {_OWN_MAP}
    if athena and not has_concepts and not (own_map_alone and existing):
        raise not_a_vocabulary(folder, "CONCEPT.csv is missing.")
    terms = find_terms(files)
    if not athena and not terms.value_sets and not terms.concept_maps:
        raise not_a_vocabulary(
            folder,
            f"none of its {len(files)} files is of an Athena export, or holds a "
            "ValueSet or a ConceptMap.",
        )

    def fill(connection: duckdb.DuckDBPyConnection) -> VocabularyReport:
        hashes = load_athena(connection, athena, tell)
        brought = {one.of_table for one in athena}
        if has_concepts:
            keep_site_concepts(connection)
            brought |= set(OHDSI_TABLES) - {_OWN_MAP}
        keep_tables(connection, brought)
        add_parts(connection, [("athena", *each, None) for each in hashes])
        return finish(connection, terms, tell)

    return _made(into, folder.name, existing, fill)


def vocabulary_from_relations(
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    into: Path,
    existing: Path | None,
    *,
    tell: Tell | None = None,
) -> VocabularyReport:
    """Make a vocabulary from the concept tables that an OMOP source brings itself.

    What the vocabulary in force holds goes before what the source says of the same
    concept; only what is new is added. A row that cannot be read in its types is left.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On which the relations can be read.
    relations : mapping of str to str
        OHDSI table → a relation for a FROM, with columns named as in the CDM.
    into : Path
        The file to make; it must not be there.
    existing : Path, optional
        The vocabulary in force.
    tell : callable, optional
        Told what is being read, and how many rows so far.

    Returns
    -------
    VocabularyReport
        Of the joined vocabulary.

    Raises
    ------
    SourceError
        If the disk is full.
    """
    brought = into.with_name(f"{into.name}.brought")
    tell = tell or _silent
    try:
        load_relations(connection, relations, brought, tell)

        def fill(made: duckdb.DuckDBPyConnection) -> VocabularyReport:
            made.execute(f"ATTACH {text(str(brought))} AS brought (READ_ONLY)")
            join_tables(made)
            add_parts(made, content_hashes(made))
            report = finish(made, Terms.of(()), tell)
            made.execute("DETACH brought")
            return report

        return _made(into, "the OMOP source", existing, fill)
    finally:
        _remove(brought)


def _silent(what: str, n: int) -> None:
    """Say nothing."""


def _files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise not_a_vocabulary(folder, "there is no such folder.")
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _made(
    into: Path,
    what: str,
    existing: Path | None,
    fill: Callable[[duckdb.DuckDBPyConnection], VocabularyReport],
) -> VocabularyReport:
    """Make the file, let it be filled, and leave nothing of it if that fails."""
    assert not into.exists(), "a vocabulary is never written over"
    spill = into.with_name(f"{into.name}.spill")
    try:
        # Not opened by its path: a database would then be called as its file is.
        settings = engine_settings(spill, threads=None, memory=memory_limit())
        connection = duckdb.connect(config=settings)
        try:
            connection.execute(f"ATTACH {text(str(into))} AS made")
            connection.execute("USE made")
            create_tables(connection)
            _attach_former(connection, existing)
            report = fill(connection)
            connection.execute("DETACH former")
            connection.execute("CHECKPOINT made")
        finally:
            connection.close()
    except BaseException as error:
        _remove(into)
        if isinstance(error, duckdb.Error | OSError):
            raise full_disk_or(error, what) from None
        raise
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    return report


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _attach_former(
    connection: duckdb.DuckDBPyConnection, existing: Path | None
) -> None:
    """Attach the vocabulary in force as `former`; empty tables where there is none."""
    if existing is None:
        connection.execute("ATTACH ':memory:' AS former")
        create_tables(connection, "former")
    else:
        connection.execute(f"ATTACH {text(str(existing))} AS former (READ_ONLY)")
