"""Meaning without data: concept sets, measures and what they say, as a small graph."""

from rounds.definitions.catalogue import builtin_measures, load_measures
from rounds.definitions.checks import check
from rounds.definitions.circe import explain_cohort, read_cohorts
from rounds.definitions.code_systems import (
    code_systems,
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
    "explain",
    "explain_cohort",
    "is_tree",
    "load_measures",
    "read_cohorts",
    "unit_concepts",
    "visit_concepts",
    "vocabulary_of",
]
