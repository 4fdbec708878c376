"""Evaluation: did care change, did health change, for whom, was anyone harmed?

Arc: Practice → Data. Takes a `Rollout` that has run its time, gives an `Evaluation`.

::

    receipt ─▶ gate ─▶ allocation ⋈ rows ─▶ checks ─▶ estimates, or a sealed reason
"""

from rounds.loop.evaluation.after_adoption.watch import watch
from rounds.loop.evaluation.analysis import analyse
from rounds.loop.evaluation.checks.diagnostics import KNOWN as KNOWN_DIAGNOSTICS
from rounds.loop.evaluation.estimates.effects import COVARIATES
from rounds.loop.evaluation.looks import monitor
from rounds.loop.evaluation.step import run
from rounds.loop.evaluation.trial import TrialRows
from rounds.nouns import Evaluation as GIVES  # noqa: N814
from rounds.nouns import Rollout as TAKES  # noqa: N814

__all__ = [
    "COVARIATES",
    "GIVES",
    "KNOWN_DIAGNOSTICS",
    "TAKES",
    "TrialRows",
    "analyse",
    "monitor",
    "run",
    "watch",
]
