"""Meaning without data: concept sets, measures and what they say, as a small graph."""

from rounds.definitions.catalogue import (
    builtin_measures,
    is_shipped,
    load_measure,
    load_measures,
    named_concept_sets,
)
from rounds.definitions.checks import check
from rounds.definitions.circe import explain_cohort, read_cohorts
from rounds.definitions.code_systems import (
    code_systems,
    drug_type_concepts,
    is_tree,
    unit_concepts,
    visit_concepts,
    vocabulary_of,
)
from rounds.definitions.comorbidities import Comorbidity, charlson_groups
from rounds.definitions.example_checks import insist_proven, outcomes, unexpected
from rounds.definitions.example_files import (
    builtin_examples,
    examples_of,
    load_examples,
)
from rounds.definitions.example_patients import ExamplePatients
from rounds.definitions.example_tables import tables_of
from rounds.definitions.explanation import explain
from rounds.definitions.social_needs import ScreeningAnswer, screening_answers
from rounds.definitions.value_sets import contained, is_paged

__all__ = [
    "Comorbidity",
    "ExamplePatients",
    "ScreeningAnswer",
    "builtin_examples",
    "builtin_measures",
    "charlson_groups",
    "check",
    "code_systems",
    "contained",
    "drug_type_concepts",
    "examples_of",
    "explain",
    "explain_cohort",
    "insist_proven",
    "is_paged",
    "is_shipped",
    "is_tree",
    "load_examples",
    "load_measure",
    "load_measures",
    "named_concept_sets",
    "outcomes",
    "read_cohorts",
    "screening_answers",
    "tables_of",
    "unexpected",
    "unit_concepts",
    "visit_concepts",
    "vocabulary_of",
]
