"""Meaning without data: concept sets, measures and what they say, as a small graph."""

from rounds.definitions.catalogue import builtin_measures, load_measure, load_measures
from rounds.definitions.checks import check
from rounds.definitions.code_systems import (
    code_systems,
    drug_type_concepts,
    is_tree,
    unit_concepts,
    visit_concepts,
    vocabulary_of,
)
from rounds.definitions.explanation import explain

__all__ = [
    "builtin_measures",
    "check",
    "code_systems",
    "drug_type_concepts",
    "explain",
    "is_tree",
    "load_measure",
    "load_measures",
    "unit_concepts",
    "visit_concepts",
    "vocabulary_of",
]
