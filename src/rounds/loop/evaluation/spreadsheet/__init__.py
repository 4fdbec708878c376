"""A trial in a spreadsheet: one row a person, analysed with no datamart and no ledger.

::

    columns ─▶ Trial ─▶ checks ─▶ a model of its design ─▶ numbers, words; or a reason
"""

from rounds.loop.evaluation.spreadsheet.analysing import Analysed, analyse_trial
from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS, Scale
from rounds.loop.evaluation.spreadsheet.outcomes import (
    Several,
    analyse_outcomes,
    as_family,
)
from rounds.loop.evaluation.spreadsheet.pricing import Priced, price_trial
from rounds.loop.evaluation.spreadsheet.trial import Trial, trial_of
from rounds.loop.evaluation.spreadsheet.verdicts import Claim
from rounds.loop.evaluation.spreadsheet.words import as_numbers, sentences

__all__ = [
    "SHEET_DESIGNS",
    "Analysed",
    "Claim",
    "Priced",
    "Scale",
    "Several",
    "Trial",
    "analyse_outcomes",
    "analyse_trial",
    "as_family",
    "as_numbers",
    "price_trial",
    "sentences",
    "trial_of",
]
