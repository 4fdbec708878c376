"""Every endpoint of a protocol, estimated, or sealed together."""

from collections.abc import Mapping
from dataclasses import dataclass

from rounds.loop.evaluation.estimates.effects import (
    Effect,
    arm_summaries,
    effect,
    scale_of,
)
from rounds.loop.evaluation.participants import Participants
from rounds.methods.estimands.scales import additive, distance, no_effect
from rounds.nouns import (
    ArmSummary,
    BalancingResult,
    Endpoint,
    Estimate,
    NotEstimable,
    Protocol,
    SecondaryResult,
)

__all__ = ["Endpoints"]


@dataclass(frozen=True, repr=False)
class Endpoints:
    """The endpoints of one protocol, sealed or not.

    Parameters
    ----------
    joined : mapping of endpoint name to Participants
        Or why an endpoint has none.
    units : mapping of measure Ref as text to str
        UCUM units of continuous measures.
    sealed : str or None
        Why every number is withheld.
    """

    protocol: Protocol
    joined: Mapping[str, Participants | NotEstimable]
    units: Mapping[str, str]
    sealed: str | None

    def people(self, endpoint: Endpoint) -> Participants | NotEstimable:
        """Give the participants of an endpoint, or why it has none."""
        return self.joined[endpoint.estimand.name]

    def effect(self, endpoint: Endpoint) -> Effect:
        """Estimate an endpoint's effect, or seal it."""
        people = self.people(endpoint)
        if isinstance(people, NotEstimable):
            return Effect(people)
        if self.sealed is not None:
            return Effect(
                Estimate(
                    scale=scale_of(endpoint),
                    level=self.protocol.level,
                    n=len(people),
                    estimand=endpoint.estimand.name,
                    sealed=self.sealed,
                )
            )
        unit = self.units.get(str(endpoint.measure), "1")
        return effect(people, self.protocol, endpoint, unit=unit)

    def arms(self, endpoint: Endpoint) -> tuple[ArmSummary, ...]:
        """Give an endpoint's arms, without outcomes while sealed."""
        people = self.people(endpoint)
        if isinstance(people, NotEstimable):
            return ()
        return arm_summaries(people, endpoint, sealed=self.sealed is not None)

    def secondary(self, endpoint: Endpoint) -> SecondaryResult:
        """Give a secondary endpoint's result."""
        return SecondaryResult(
            name=endpoint.estimand.name,
            estimate=self.effect(endpoint).estimate,
            arms=self.arms(endpoint),
        )

    def balancing(self, endpoint: Endpoint) -> BalancingResult:
        """Give a balancing endpoint's result against its frozen margin."""
        none = no_effect(scale_of(endpoint))
        margin = endpoint.margin if endpoint.margin is not None else none
        estimate = self.effect(endpoint).estimate
        verdict = "uncertain"
        if self.sealed is not None:
            verdict = "sealed"
        elif isinstance(estimate, Estimate):
            # Harm is an effect in the worse direction, whichever that is.
            sign = 1.0 if endpoint.better == "lower" else -1.0
            scale, limit = estimate.scale, distance(estimate.scale, margin)
            harm, *limits = (sign * additive(scale, x) for x in estimate.numbers)
            if harm > limit:
                verdict = "exceeds_margin"
            elif max(limits) < limit:
                verdict = "within_margin"
        return BalancingResult(
            name=endpoint.estimand.name,
            estimate=estimate,
            margin=margin,
            verdict=verdict,
            arms=self.arms(endpoint),
        )
