"""The vocabulary: OHDSI's tables, FHIR's value sets and maps, in one immutable file."""

from rounds.datamart.vocabulary.building import (
    build_vocabulary,
    vocabulary_from_relations,
)
from rounds.datamart.vocabulary.concept_sets import read_value_set, value_set_names
from rounds.datamart.vocabulary.finishing import describe, describe_in_force
from rounds.datamart.vocabulary.report import VocabularyReport
from rounds.datamart.vocabulary.tables import attach_vocabulary, table_names
from rounds.datamart.vocabulary.unmapped import UnmappedCode, unmapped

__all__ = [
    "UnmappedCode",
    "VocabularyReport",
    "attach_vocabulary",
    "build_vocabulary",
    "describe",
    "describe_in_force",
    "read_value_set",
    "table_names",
    "unmapped",
    "value_set_names",
    "vocabulary_from_relations",
]
