"""Shewhart's control charts, the rules of their signals, and their icons."""

from rounds.methods.spc.attributes import (
    c_chart,
    p_chart,
    p_prime_chart,
    u_chart,
    u_prime_chart,
)
from rounds.methods.spc.averages import ewma_chart
from rounds.methods.spc.chart import Chart, Kind, Phase
from rounds.methods.spc.frame import first_of_each_phase
from rounds.methods.spc.icons import (
    Assurance,
    Improvement,
    Variation,
    assurance,
    variation,
)
from rounds.methods.spc.individuals import (
    NHS_FACTOR,
    moving_range_chart,
    xmr_chart,
)
from rounds.methods.spc.proposal import Proposal, propose_counts, propose_values
from rounds.methods.spc.rare_events import GapLimits, g_chart, t_chart
from rounds.methods.spc.rules import RULES, Rule, Rules, Signals, anhoj, nhs
from rounds.methods.spc.runs import Runs, runs
from rounds.methods.spc.subgroups import Subgroups, s_chart, subgroups, xbar_chart

__all__ = [
    "NHS_FACTOR",
    "RULES",
    "Assurance",
    "Chart",
    "GapLimits",
    "Improvement",
    "Kind",
    "Phase",
    "Proposal",
    "Rule",
    "Rules",
    "Runs",
    "Signals",
    "Subgroups",
    "Variation",
    "anhoj",
    "assurance",
    "c_chart",
    "ewma_chart",
    "first_of_each_phase",
    "g_chart",
    "moving_range_chart",
    "nhs",
    "p_chart",
    "p_prime_chart",
    "propose_counts",
    "propose_values",
    "runs",
    "s_chart",
    "subgroups",
    "t_chart",
    "u_chart",
    "u_prime_chart",
    "variation",
    "xbar_chart",
    "xmr_chart",
]
