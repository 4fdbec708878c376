"""Sources: each turns the files of one kind of system into OMOP rows."""

from collections.abc import Sequence

from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.sources.areas import AreasSource
from rounds.datamart.sources.base import Held, Loaded, Source, Tell
from rounds.datamart.sources.csv import CsvSource
from rounds.datamart.sources.fhir import FhirSource
from rounds.datamart.sources.omop import OmopSource
from rounds.nouns.errors import DataError

__all__ = [
    "SOURCES",
    "AreasSource",
    "CsvSource",
    "FhirSource",
    "Held",
    "Loaded",
    "OmopSource",
    "Source",
    "Tell",
    "source_for",
    "source_of_shape",
]

SOURCES: tuple[Source, ...] = (
    CsvSource(),
    OmopSource(),
    FhirSource(),
    AreasSource(),
)
"""Tried in this order; the first that recognises a file of the folder is taken."""


def source_of_shape(shape: str) -> Source:
    """Give the source that a datamart's manifest names."""
    return next(plugin for plugin in SOURCES if plugin.shape == shape)


def source_for(folder: str, files: Sequence[SourceFile]) -> Source:
    """Give the source that recognises what is in a folder.

    Raises
    ------
    DataError
        If the folder is empty, or none does.
    """
    for plugin in SOURCES:
        if plugin.recognises(files):
            return plugin
    remedies = (
        "FHIR: give a folder with .ndjson, .ndjson.gz or .json files.",
        "OMOP: give a folder with person.csv or person.parquet and the other tables.",
        "Other CSV: put a rounds-mapping.yaml beside the files (areas: as CDC's SVI).",
    )
    if not files:
        raise DataError(
            f"The folder {folder} is empty.",
            code="source-empty",
            why="There is nothing to load.",
            remedies=remedies,
        )
    raise DataError(
        f"Nothing in {folder} is recognised as FHIR, OMOP or mapped CSV "
        f"({len(files)} files).",
        code="source-not-recognised",
        why="The files are told by their extensions and, for OMOP, their names.",
        remedies=remedies,
    )
