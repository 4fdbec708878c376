"""Is a trial feasible here? Answered from the site's own past, before go-live."""

from rounds.loop.evaluation.feasibility.answers import (
    Asked,
    DesignAnswer,
    Excluded,
    Feasibility,
)
from rounds.loop.evaluation.feasibility.describing import Interval, Outcome, growth
from rounds.loop.evaluation.feasibility.made_trials import MadeTrials
from rounds.loop.evaluation.feasibility.past import (
    Past,
    Stretch,
    read_past,
    stream_begins,
    stretch,
)
from rounds.loop.evaluation.feasibility.plans import insist_comparable
from rounds.loop.evaluation.feasibility.step import feasibility, insist_askable

__all__ = [
    "Asked",
    "DesignAnswer",
    "Excluded",
    "Feasibility",
    "Interval",
    "MadeTrials",
    "Outcome",
    "Past",
    "Stretch",
    "feasibility",
    "growth",
    "insist_askable",
    "insist_comparable",
    "read_past",
    "stream_begins",
    "stretch",
]
