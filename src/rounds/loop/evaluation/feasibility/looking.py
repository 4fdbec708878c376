"""One design at one site: for the planned weeks, and for as many as it takes."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rounds.loop.evaluation.estimates.estimands import not_offered
from rounds.loop.evaluation.feasibility.adapting import AdaptiveTrial
from rounds.loop.evaluation.feasibility.allocating import Draw, draw_of
from rounds.loop.evaluation.feasibility.answers import Asked, DesignAnswer
from rounds.loop.evaluation.feasibility.crossing import Interaction, interaction
from rounds.loop.evaluation.feasibility.levels import Levels
from rounds.loop.evaluation.feasibility.made_trials import (
    MadeTrials,
    differ,
    make_trials,
)
from rounds.loop.evaluation.feasibility.past import NO_VISITS, Past
from rounds.loop.evaluation.feasibility.plans import (
    TrialDesign,
    fewest_weeks,
    in_weeks,
)
from rounds.loop.evaluation.feasibility.predicting import Prediction, predict
from rounds.loop.evaluation.feasibility.question import Question
from rounds.loop.evaluation.participants import Participants
from rounds.nouns import Endpoint, Protocol

__all__ = ["REFUSED", "DesignLook", "enrolled_in", "luck_of"]

REFUSED = (ValueError, np.linalg.LinAlgError)
"""What a method raises where the data cannot answer."""


@dataclass(frozen=True, repr=False)
class DesignLook:
    """One design at one site.

    Parameters
    ----------
    one : TrialDesign
    past : Past
    protocol : Protocol
        As planned, of whatever design.
    asked : Asked
    """

    one: TrialDesign
    past: Past
    protocol: Protocol
    asked: Asked
    _predicted: dict[int, Prediction] = field(default_factory=dict)

    @property
    def question(self) -> Question:
        """What is asked of the primary endpoint."""
        return Question.of(self.protocol.primary, self.asked.effect)

    @property
    def people(self) -> Participants:
        """Those who would be enrolled, or their visits.

        Raises
        ------
        ValueError
            If visits are asked for, and none are counted.
        """
        if self.one.design.unit != "encounter":
            return self.past.people
        if self.past.visits is None:
            raise ValueError(NO_VISITS)
        return self.past.visits

    @property
    def _levels(self) -> Levels:
        by_visit = self.one.design.unit == "encounter"
        return self.past.levels_of_visits if by_visit else self.past.levels

    @property
    def _by_trials_alone(self) -> bool:
        return self.one.design.adaptation is not None

    def answer(self, *, is_share: bool) -> DesignAnswer:
        """Answer for the planned weeks, and for as many as it takes."""
        fewest = fewest_weeks(self.one, self.protocol.follow_up_days)
        weeks = self.past.stretch.weeks
        found = DesignAnswer(
            self.one.name, self.one.title, self.one.planned, fewest=fewest
        )
        why = self._not_offered(fewest)
        if why:
            return replace(found, why=why)
        if self.past.stretch.longest >= fewest and not self._by_trials_alone:
            found = replace(found, weeks=self._weeks(fewest, is_share=is_share))
        if weeks < fewest:
            why = f"it takes {fewest} weeks, with pauses for follow-up before each step"
            return replace(found, why=why)
        try:
            if self._by_trials_alone:
                return self._made_alone(found, weeks, is_share=is_share)
            by_formula = self.predicted(weeks, is_share=is_share)
            made = self._made(weeks, is_share=is_share)
            crossed = self._crossed(weeks, is_share=is_share)
        except REFUSED as error:
            return replace(found, why=str(error))
        power = by_formula.power(self.question)
        return replace(
            found,
            **self._enrolled(by_formula.n),
            detectable=by_formula.detectable(self.asked.wanted, self.question),
            power=power,
            se=by_formula.se,
            df=float(by_formula.df.mean()),
            made=made,
            differ=differ(power, made),
            interaction=crossed,
        )

    def _not_offered(self, fewest: int) -> str:
        """Say why the design does not answer what is asked; "" where it does."""
        weeks = max(fewest, self.past.stretch.weeks)
        protocol = in_weeks(self.one, self.protocol, weeks)[1]
        said = not_offered(self.protocol.primary, protocol)
        return said[0] if said else ""

    def _enrolled(self, n: float) -> dict[str, Any]:
        """Say how many of what, to the nearest ten, and how alike visits are."""
        told: dict[str, Any] = {"n": 10 * round(n / 10)}
        if self.people.are_visits:
            told |= {"units": "visits", "alike": self._levels.alike}
        return told

    def predicted(self, weeks: int, *, is_share: bool) -> Prediction:
        """Predict by formula what a trial of so many weeks could tell.

        The luck is the same whatever the weeks, so that more of them tell more.
        """
        if weeks not in self._predicted:
            self._predicted[weeks] = self.predicted_of(
                self.people, weeks, self.protocol.primary, is_share=is_share
            )
        return self._predicted[weeks]

    def predicted_of(
        self, people: Participants, weeks: int, endpoint: Endpoint, *, is_share: bool
    ) -> Prediction:
        """Predict it of an endpoint's participants."""
        draw, protocol = self._drawn(weeks, people)
        return predict(
            draw,
            protocol,
            luck_of(self.asked, self.one.name),
            estimand=endpoint.estimand,
            is_share=is_share,
            harm=endpoint.role == "balancing",
        )

    def _drawn(self, weeks: int, people: Participants) -> tuple[Draw, Protocol]:
        design, protocol = in_weeks(self.one, self.protocol, weeks)
        return draw_of(
            design, enrolled_in(people, self.past, weeks), self.past
        ), protocol

    def _made(self, weeks: int, *, is_share: bool) -> MadeTrials | None:
        if not self.asked.trials:
            return None
        draw, protocol = self._drawn(weeks, self.people)
        adapting = None
        if self._by_trials_alone:
            adapting = AdaptiveTrial.of(protocol, self.protocol, self.past)
        return make_trials(
            draw,
            protocol,
            self.question,
            self._levels,
            luck_of(self.asked, f"{self.one.name}, made"),
            trials=self.asked.trials,
            is_share=is_share,
            adapting=adapting,
        )

    def _made_alone(
        self, found: DesignAnswer, weeks: int, *, is_share: bool
    ) -> DesignAnswer:
        """Answer where there is no formula."""
        n = len(enrolled_in(self.people, self.past, weeks))
        made = self._made(weeks, is_share=is_share)
        why = "" if made is not None else "by made trials alone, and none were made"
        return replace(found, **self._enrolled(n), made=made, why=why)

    def _crossed(self, weeks: int, *, is_share: bool) -> Interaction | None:
        """Say what is told of two cards' interaction; None of one card."""
        if self.one.design.factors is None:
            return None
        draw, protocol = self._drawn(weeks, self.people)
        return interaction(
            draw,
            protocol,
            self.question,
            lambda name: luck_of(self.asked, f"{self.one.name}, {name}"),
            levels=self._levels,
            trials=self.asked.trials,
            is_share=is_share,
        )

    def _weeks(self, fewest: int, *, is_share: bool) -> int | None:
        """Halve in on the fewest weeks that are enough."""

        def enough(weeks: int) -> bool:
            try:
                found = self.predicted(weeks, is_share=is_share)
            except REFUSED:
                return False
            return found.power(self.question) >= self.asked.wanted

        least, most = fewest - 1, self.past.stretch.longest
        if not enough(most):
            return None
        planned = self.past.stretch.weeks
        if least < planned < most:  # which is asked anyway
            least, most = (least, planned) if enough(planned) else (planned, most)
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if enough(middle) else (middle, most)
        return most


def luck_of(asked: Asked, name: str) -> np.random.Generator:
    """Give each look luck of its own, so that leaving one out changes no other."""
    return np.random.default_rng([asked.seed, *name.encode()])


def enrolled_in(people: Participants, past: Past, weeks: int) -> Participants:
    """Give those who would have been enrolled in the first weeks alone."""
    until = np.datetime64(past.stretch.start, "D") + np.timedelta64(7 * weeks, "D")
    return people.where(people.index_date < until)
