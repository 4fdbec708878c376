"""Meaning without data: concept sets, measures and what they say, as a small graph."""

from rounds.definitions.catalogue import builtin_measures, load_measures
from rounds.definitions.checks import check
from rounds.definitions.code_systems import (
    code_systems,
    is_tree,
    unit_concepts,
    visit_concepts,
    vocabulary_of,
)
from rounds.definitions.explanation import explain
from rounds.definitions.value_sets import contained, is_paged

__all__ = [
    "builtin_measures",
    "check",
    "code_systems",
    "contained",
    "explain",
    "is_paged",
    "is_tree",
    "load_measures",
    "unit_concepts",
    "visit_concepts",
    "vocabulary_of",
]
