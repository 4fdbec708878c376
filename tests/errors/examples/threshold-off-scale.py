"""A ratio is asked for, and its least worthwhile effect is a difference's."""

from rounds.loop.evaluation.estimates.estimands import check_estimands
from stories import estimands

check_estimands(estimands.asked("risk_ratio", least=0.02), {})
