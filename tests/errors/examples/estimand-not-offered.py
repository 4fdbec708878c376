"""The protocol asks for a summary, a weighting or a strategy that is not offered."""

from rounds.loop.evaluation.estimates.estimands import check_estimands
from rounds.nouns import IntercurrentEvent
from stories import estimands

plan = estimands.asked("hazard_ratio", weighting="clusters")
stopped = IntercurrentEvent(event="treatment is stopped", strategy="hypothetical")
estimand = plan.primary.estimand.model_copy(update={"intercurrent_events": (stopped,)})
first = plan.primary.model_copy(update={"estimand": estimand})
plan = plan.model_copy(update={"endpoints": (first, *plan.endpoints[1:])})
check_estimands(plan, {})
