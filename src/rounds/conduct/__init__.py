"""One turn carried round: problem → evidence → change → evaluation → decision."""

from rounds.conduct.alerts import answer_alert, run_equity, run_watch
from rounds.conduct.bedside import refresh_bedside
from rounds.conduct.board import BoardPacket, board_packet
from rounds.conduct.desk import Desk
from rounds.conduct.explaining import run_explain
from rounds.conduct.feasibility import run_feasibility
from rounds.conduct.feasibility_told import FeasibilityTold
from rounds.conduct.gate import Gate, publishable
from rounds.conduct.gate_periods import measure_over
from rounds.conduct.lasting import log_modification, run_maintenance
from rounds.conduct.lineage import impact_of_file, why_with_files
from rounds.conduct.masking import in_order_of_values, without_sites
from rounds.conduct.monitoring import Monitored, run_monitor, run_stop
from rounds.conduct.opportunities import opened_problem, run_opportunities
from rounds.conduct.periods import each_period, period_name
from rounds.conduct.plan import Plan
from rounds.conduct.project import Project
from rounds.conduct.reconcile import reconcile
from rounds.conduct.steps import (
    run_change,
    run_decision,
    run_evaluation,
    run_evidence,
    run_problem,
)
from rounds.conduct.tried import Tried, alike, search, tried_before

__all__ = [
    "BoardPacket",
    "Desk",
    "FeasibilityTold",
    "Gate",
    "Monitored",
    "Plan",
    "Project",
    "Tried",
    "alike",
    "answer_alert",
    "board_packet",
    "each_period",
    "impact_of_file",
    "in_order_of_values",
    "log_modification",
    "measure_over",
    "opened_problem",
    "period_name",
    "publishable",
    "reconcile",
    "refresh_bedside",
    "run_change",
    "run_decision",
    "run_equity",
    "run_evaluation",
    "run_evidence",
    "run_explain",
    "run_feasibility",
    "run_maintenance",
    "run_monitor",
    "run_opportunities",
    "run_problem",
    "run_stop",
    "run_watch",
    "search",
    "tried_before",
    "why_with_files",
    "without_sites",
]
