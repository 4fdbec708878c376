"""What has been said and decided: published nouns, append-only, hash-chained."""

from rounds.ledger.disclosure import (
    equity_without,
    opportunities_without,
    problem_without,
    safe,
    safe_cohort_result,
    safe_counts,
    safe_measure_result,
    safe_populations,
    safe_results,
)
from rounds.ledger.entry import Entry, Finding, Head, Receipt
from rounds.ledger.provenance import Impact, Trail
from rounds.ledger.registry import Ledger

__all__ = [
    "Entry",
    "Finding",
    "Head",
    "Impact",
    "Ledger",
    "Receipt",
    "Trail",
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
