"""The vocabulary: OHDSI's tables, FHIR's value sets and maps, in one immutable file."""

from rounds.datamart.vocabulary.building import (
    build_vocabulary,
    vocabulary_from_relations,
)
from rounds.datamart.vocabulary.finishing import describe
from rounds.datamart.vocabulary.report import VocabularyReport
from rounds.datamart.vocabulary.tables import attach_vocabulary, table_names

__all__ = [
    "VocabularyReport",
    "attach_vocabulary",
    "build_vocabulary",
    "describe",
    "table_names",
    "vocabulary_from_relations",
]
