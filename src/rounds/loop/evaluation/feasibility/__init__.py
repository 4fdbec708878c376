"""Is a trial feasible here? Answered from the site's own past, before go-live."""

from rounds.loop.evaluation.feasibility.answers import (
    Asked,
    DesignAnswer,
    Excluded,
    Feasibility,
)
from rounds.loop.evaluation.feasibility.asking import insist_askable
from rounds.loop.evaluation.feasibility.crossing import Interaction
from rounds.loop.evaluation.feasibility.describing import Interval, Outcome, growth
from rounds.loop.evaluation.feasibility.made_trials import MadeTrials
from rounds.loop.evaluation.feasibility.past import Past, read_past
from rounds.loop.evaluation.feasibility.question import Question
from rounds.loop.evaluation.feasibility.step import feasibility
from rounds.loop.evaluation.feasibility.stretches import (
    Stretch,
    stream_begins,
    stretch,
)

__all__ = [
    "Asked",
    "DesignAnswer",
    "Excluded",
    "Feasibility",
    "Interaction",
    "Interval",
    "MadeTrials",
    "Outcome",
    "Past",
    "Question",
    "Stretch",
    "feasibility",
    "growth",
    "insist_askable",
    "read_past",
    "stream_begins",
    "stretch",
]
