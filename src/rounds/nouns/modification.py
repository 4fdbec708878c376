"""What was changed of the change while it ran: the adaptations log, after FRAME."""

import datetime as dt
from typing import ClassVar, Literal

from pydantic import Field

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.ref import Ref

__all__ = ["Modification", "PhaseEffect"]


class Modification(Published):
    """One entry of the adaptations log, typed as FRAME has it.

    Wiltsey Stirman S, Baumann AA, Miller CJ (2019). The FRAME: an expanded framework
    for reporting adaptations and modifications to evidence-based interventions.
    Implementation Science 14:58. doi:10.1186/s13012-019-0898-y
    """

    kind: ClassVar[str] = "modification"
    rollout: Ref
    on: dt.date
    """From which day it held."""
    what: str = Field(min_length=1)
    """What was changed, in words; about no single person."""
    modified: Literal["content", "context", "training_and_evaluation", "implementation"]
    """What is modified."""
    planned: bool
    """Planned and proactive (an adaptation), or unplanned and reactive."""
    decided_by: str = Field(min_length=1)
    level: Literal["patients", "clinician", "clinic", "organisation", "system"]
    """At what level of delivery."""
    fidelity_consistent: bool
    """Whether core elements stay as they were designed."""
    goal: str = Field(min_length=1)
    """The reason: what was to be reached by it."""


class PhaseEffect(Noun):
    """The primary effect between two modifications, by the day of the index."""

    since: dt.date
    until: dt.date
    estimate: Estimate | NotEstimable
    acceptance: Estimate | NotEstimable
    """Cards accepted, of those shown on these days."""
