"""Who fits a definition, from when until when: OHDSI Circe cohorts run here."""

from rounds.datamart.cohorts.compiling import compile_cohort
from rounds.datamart.cohorts.dialects import DIALECTS, tables_for_results
from rounds.datamart.cohorts.running import run_cohorts
from rounds.datamart.cohorts.sharing import compile_together

__all__ = [
    "DIALECTS",
    "compile_cohort",
    "compile_together",
    "run_cohorts",
    "tables_for_results",
]
