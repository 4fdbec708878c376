"""Disclosure control: the one place where small counts are hidden on the way out.

Steps compute on exact counts; `safe` acts where a noun is published and at every door.
"""

from rounds.ledger.disclosure.cohort import safe_cohort_result
from rounds.ledger.disclosure.equity import equity_without
from rounds.ledger.disclosure.nouns import safe
from rounds.ledger.disclosure.opportunity import opportunities_without
from rounds.ledger.disclosure.problem import problem_without
from rounds.ledger.disclosure.results import (
    safe_counts,
    safe_measure_result,
    safe_populations,
    safe_results,
)

__all__ = [
    "equity_without",
    "opportunities_without",
    "problem_without",
    "safe",
    "safe_cohort_result",
    "safe_counts",
    "safe_measure_result",
    "safe_populations",
    "safe_results",
]
