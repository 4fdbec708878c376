"""Trials whose chances follow looks, made of a site's own patients.

Outcomes come before arms here: who has which outcome under either arm is drawn first,
and then patients are allocated in the order in which they came, by chances that change
with what each look sees of those whose follow-up is over.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.estimates.effects import fit
from rounds.loop.evaluation.feasibility.past import Past
from rounds.loop.evaluation.participants import Participants
from rounds.methods.allocations.adaptive_allocation import (
    allocation_probabilities,
    tempering,
)
from rounds.methods.sequential import Path, posterior_probability
from rounds.nouns import Adaptation, Protocol
from rounds.practice.epochs import stratum_of

__all__ = ["AdaptiveTrial", "look_days"]

_SHARES = (0.1, 0.35, 0.6)
"""Of the days between the first complete follow-up and the end of enrolment: when
looks are made, where none are planned."""


def look_days(protocol: Protocol, planned: Protocol) -> tuple[int, ...]:
    """Give the days of enrolment after which chances may change.

    Parameters
    ----------
    protocol : Protocol
        Of the trial that is made.
    planned : Protocol
        As it would be frozen; its looks count where both enrol as long.

    Raises
    ------
    ValueError
        If enrolment ends before anybody has been followed up.
    """
    enrolled, followed = protocol.enrolment, protocol.follow_up_days
    whole = (enrolled.end - enrolled.start).days + 1
    looks = planned.looks
    if looks is not None and looks.dates and planned.enrolment == enrolled:
        return tuple((one - enrolled.start).days for one in looks.dates)
    if whole <= followed + 7:
        raise ValueError(
            "enrolment is over before anybody is followed up, so no chance can follow"
        )
    return tuple(round(followed + share * (whole - followed)) for share in _SHARES)


@dataclass(frozen=True, repr=False)
class AdaptiveTrial:
    """How patients are allocated, given what either arm would do to them.

    Parameters
    ----------
    protocol : Protocol
        Of the trial, without looks.
    how : Adaptation
    days : tuple of int
        As `look_days` gives them.
    first : datetime64
        The first day of enrolment, in the past that stands for it.
    prior_mean, prior_sd : float
        Of looks, in standard errors that are expected at the end.
    """

    protocol: Protocol
    how: Adaptation
    days: tuple[int, ...]
    first: np.datetime64
    prior_mean: float = 0.0
    prior_sd: float = float("inf")

    @classmethod
    def of(cls, protocol: Protocol, planned: Protocol, past: Past) -> "AdaptiveTrial":
        """Read it from the protocol of the trial, and from the one that is planned.

        Raises
        ------
        ValueError
            As `look_days`.
        """
        assert protocol.adaptation is not None
        looks = planned.looks if planned.adaptation is not None else None
        return cls(
            protocol,
            protocol.adaptation,
            look_days(protocol, planned),
            np.datetime64(past.stretch.start, "D"),
            0.0 if looks is None else looks.prior_mean,
            float("inf") if looks is None or looks.prior_sd is None else looks.prior_sd,
        )

    def allocated(
        self,
        silent: Participants,
        exposed: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> Participants:
        """Give everybody an arm, and the outcome that goes with it.

        Parameters
        ----------
        silent : Participants
            With the outcomes that they have without the card.
        exposed : array of float, shape (n_participants,)
            With it.
        """
        day = (silent.index_date - self.first).astype(int)
        epoch = np.searchsorted(np.array(self.days), day, side="right")
        luck, kind = rng.random(len(silent)), rng.random(len(silent))
        active, chance = np.zeros(len(silent), dtype=bool), 0.5
        people = replace(
            silent, stratum=np.array([stratum_of(int(one)) for one in epoch])
        )
        for number in range(len(self.days) + 1):
            if number:
                known = day <= self.days[number - 1] - self.protocol.follow_up_days
                chance = self._chance(people.where(known), len(people), chance)
            here = epoch == number
            by = np.where(kind < self.how.fixed_share, 0.5, chance)
            active = np.where(here, luck < by, active)
            outcome = np.where(active, exposed, silent.outcome)
            people = replace(people, active=active, outcome=outcome)
        return people

    def _chance(self, people: Participants, n: int, chance: float) -> float:
        """Look at those who are followed up; without an answer it stays as it is."""
        try:
            found = fit(people, self.protocol)
        except (ValueError, np.linalg.LinAlgError):
            return chance
        sign = 1.0 if self.protocol.primary.better == "higher" else -1.0
        path = Path(
            estimate=np.array([sign * found.estimate]),
            se=np.array([found.se]),
            df=np.array([found.df]),
        )
        share = len(people) / n
        better = float(
            posterior_probability(
                [float(path.normal_statistic[0])],
                [share],
                prior_mean=self.prior_mean,
                prior_sd=self.prior_sd,
            )[0]
        )
        chances = allocation_probabilities(
            [better, 1 - better],
            power=float(tempering(self.how.rule, share)),
            least=self.how.least,
        )
        return float(chances[0])
