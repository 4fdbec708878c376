"""Sources: each turns the files of one kind of system into OMOP rows."""

from rounds.datamart.sources.base import Held, Loaded, Source, Tell
from rounds.datamart.sources.fhir import FhirSource
from rounds.datamart.sources.omop import OmopSource

__all__ = ["SOURCES", "FhirSource", "Held", "Loaded", "OmopSource", "Source", "Tell"]

SOURCES: tuple[Source, ...] = (OmopSource(), FhirSource())
"""Tried in this order; the first that recognises a file of the folder is taken."""
