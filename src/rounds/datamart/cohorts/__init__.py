"""Who fits a definition, from when until when: OHDSI Circe cohorts run here."""

from rounds.datamart.cohorts.compiling import compile_cohort
from rounds.datamart.cohorts.dialects import DIALECTS, tables_for_results
from rounds.datamart.cohorts.running import run_cohorts, run_cohorts_with_members
from rounds.datamart.cohorts.sharing import compile_together

__all__ = [
    "DIALECTS",
    "compile_cohort",
    "compile_together",
    "run_cohorts",
    "run_cohorts_with_members",
    "tables_for_results",
]
