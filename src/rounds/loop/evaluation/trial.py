"""A finished trial as it is read: its rows, and how it came to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol as Shape

from rounds.datamart.rows import MeasureRows
from rounds.loop.evaluation.checks.drawn import Basis
from rounds.loop.evaluation.estimates.effects import Effect
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.nouns import AfterLooks, NotEstimable, Protocol
from rounds.practice.epochs import Epoch
from rounds.practice.exposures import ExposureRows

__all__ = ["Ended", "TrialRows"]


@dataclass(frozen=True, repr=False)
class TrialRows:
    """All that an evaluation reads of persons.

    Parameters
    ----------
    endpoints : mapping of Ref as text to MeasureRows
        Each endpoint's measure over the enrolment period, or why it has none.
    before : MeasureRows or None
        The primary measure over the baseline period.
    calls : ExposureRows
        The exposures of the rollout.
    allocation : mapping of unit to (arm, stratum)
    units : mapping of Ref as text to str
        UCUM units of continuous measures.
    basis : mapping of unit to what was known of it
        By which it was allocated, for allocations that balance it.
    second_calls : ExposureRows or None
        The exposures of the second factor's service, where there are two.
    epochs : tuple of Epoch
        Chances of the arms that were in force, where they followed looks; none if
        they do not hold to their looks.
    resources : mapping of cost item to MeasureRows
        What is counted of it for each participant, where the protocol has costs.
    """

    endpoints: Mapping[str, MeasureRows | NotEstimable]
    before: MeasureRows | None
    calls: ExposureRows
    allocation: Allocation
    units: Mapping[str, str]
    basis: Basis = field(default_factory=dict)
    second_calls: ExposureRows | None = None
    epochs: tuple[Epoch, ...] = ()
    resources: Mapping[str, MeasureRows | NotEstimable] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show no value of a person."""
        return f"<trial: {len(self.endpoints)} endpoints>"


class Ended(Shape):
    """How a trial that was looked at came to its end; `looks.ending` makes it."""

    @property
    def told(self) -> AfterLooks:
        """What the Evaluation says of it."""

    def as_far_as(self, protocol: Protocol) -> Protocol:
        """Give the protocol as it stood when the trial ended."""

    def allowed_for(
        self, primary: Effect, protocol: Protocol, people: Participants
    ) -> tuple[Effect, tuple[str, ...]]:
        """Give the primary effect with the looks allowed for, and what to say."""
