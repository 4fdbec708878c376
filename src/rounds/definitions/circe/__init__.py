"""OHDSI Circe cohorts as definitions: read from files, checked, said in plain words."""

from rounds.definitions.circe.explanation import explain_cohort
from rounds.definitions.circe.reading import read_cohorts

__all__ = ["explain_cohort", "read_cohorts"]
