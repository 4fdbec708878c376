"""Is a trial feasible here? Every design, for the planned weeks and as far as it takes.

::

    past ─▶ outcome ─▶ each design ┬▶ formula: detectable, power, weeks
                                   └▶ made trials: power, side by side
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rounds.loop.evaluation.effects import check_covariates, scale_of
from rounds.loop.evaluation.feasibility.allocating import Draw, draw_of
from rounds.loop.evaluation.feasibility.answers import (
    Asked,
    DesignAnswer,
    Excluded,
    Feasibility,
)
from rounds.loop.evaluation.feasibility.describing import describe
from rounds.loop.evaluation.feasibility.levels import Levels
from rounds.loop.evaluation.feasibility.made_trials import (
    FEWEST_TRIALS,
    MadeTrials,
    make_trials,
)
from rounds.loop.evaluation.feasibility.past import Past
from rounds.loop.evaluation.feasibility.plans import (
    TrialDesign,
    compared,
    fewest_weeks,
    in_weeks,
)
from rounds.loop.evaluation.feasibility.predicting import Prediction, predict
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.summaries import BY_LEAST_SQUARES
from rounds.nouns import DefinitionError, Design, Endpoint, NotEstimable, Protocol

__all__ = ["AGREE", "DesignLook", "feasibility", "insist_askable"]

AGREE = 0.02
"""Power by formula and by made trials may differ by so much, and by chance."""
_DRAWS = 100
"""Of clinics, for the interval of an autocorrelation; none without made trials."""
_CHANCE = 3
"""Monte Carlo standard errors that are laid to chance."""
_REFUSED = (ValueError, np.linalg.LinAlgError)
"""What a method raises where the data cannot answer."""

Progress = Callable[[str], None]


def _silent(stage: str) -> None:
    """Tell nobody."""


def feasibility(
    past: Past,
    planned: Design,
    protocol: Protocol,
    asked: Asked,
    *,
    progress: Progress = _silent,
) -> Feasibility:
    """Say what each design could tell at this site.

    Parameters
    ----------
    past : Past
        As `read_past` gives it.
    planned : Design
        Of the change to be; the other designs are compared with it.
    protocol : Protocol
        As it would be frozen.
    progress : callable
        Told which design is looked at.

    Raises
    ------
    DefinitionError
        If the protocol names a covariate that nobody knows, or what is asked cannot
        be: no effect, or one beyond what a share can be.
    """
    insist_askable(past, protocol, asked)
    weeks = past.stretch.weeks
    people = _cut(past.people, past, weeks)
    is_share = scale_of(protocol.primary) == "risk_difference"
    designs = compared(planned, protocol.covariates)
    answers = []
    for one in designs:
        progress(one.title)
        look = DesignLook(one, past, protocol, asked)
        answers.append(look.answer(is_share=is_share))
    return Feasibility(
        weeks=weeks,
        longest=past.stretch.longest,
        clinics=len(past.strata),
        outcome=describe(
            people,
            past.people,
            past.stretch.longest,
            is_share=is_share,
            rng=_luck_of(asked, "clinics"),
            draws=min(asked.trials, _DRAWS),
        ),
        designs=tuple(answers),
        harms=tuple(
            _harm(past, designs[0], protocol, asked, one)
            for one in protocol.endpoints
            if one.role == "balancing"
        ),
    )


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

    def answer(self, *, is_share: bool) -> DesignAnswer:
        """Answer for the planned weeks, and for as many as it takes."""
        fewest = fewest_weeks(self.one, self.protocol.follow_up_days)
        weeks, effect = self.past.stretch.weeks, self.asked.effect
        found = DesignAnswer(
            self.one.name, self.one.title, self.one.planned, fewest=fewest
        )
        if self.past.stretch.longest >= fewest:
            found = replace(found, weeks=self._weeks(fewest, is_share=is_share))
        if weeks < fewest:
            why = f"it takes {fewest} weeks, with pauses for follow-up before each step"
            return replace(found, why=why)
        try:
            by_formula = self.predicted(weeks, self.past.people, is_share=is_share)
            made = self._made(weeks, is_share=is_share)
        except _REFUSED as error:
            return replace(found, why=str(error))
        power = by_formula.power(effect)
        return replace(
            found,
            n=10 * round(by_formula.n / 10),
            detectable=by_formula.detectable(
                self.asked.wanted, 1 if effect > 0 else -1
            ),
            power=power,
            se=by_formula.se,
            df=float(by_formula.df.mean()),
            made=made,
            differ=made is not None
            and abs(made.power - power) > AGREE + _CHANCE * made.error,
        )

    def predicted(
        self, weeks: int, people: Participants, *, is_share: bool
    ) -> Prediction:
        """Predict by formula what a trial of so many weeks could tell.

        The luck is the same whatever the weeks, so that more of them tell more.
        """
        draw, protocol = self._drawn(weeks, people)
        rng = _luck_of(self.asked, self.one.name)
        return predict(draw, protocol, rng, is_share=is_share)

    def _drawn(self, weeks: int, people: Participants) -> tuple[Draw, Protocol]:
        design, protocol = in_weeks(self.one, self.protocol, weeks)
        return draw_of(design, _cut(people, self.past, weeks), self.past), protocol

    def _made(self, weeks: int, *, is_share: bool) -> MadeTrials | None:
        if not self.asked.trials:
            return None
        draw, protocol = self._drawn(weeks, self.past.people)
        return make_trials(
            draw,
            protocol,
            self.asked.effect,
            Levels.of(self.past.people),
            _luck_of(self.asked, f"{self.one.name}, made"),
            trials=self.asked.trials,
            is_share=is_share,
        )

    def _weeks(self, fewest: int, *, is_share: bool) -> int | None:
        """Halve in on the fewest weeks that are enough."""

        def enough(weeks: int) -> bool:
            try:
                found = self.predicted(weeks, self.past.people, is_share=is_share)
            except _REFUSED:
                return False
            return found.power(self.asked.effect) >= self.asked.wanted

        least, most = fewest - 1, self.past.stretch.longest
        if not enough(most):
            return None
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if enough(middle) else (middle, most)
        return most


def _harm(
    past: Past, chief: TrialDesign, protocol: Protocol, asked: Asked, endpoint: Endpoint
) -> Excluded | NotEstimable:
    """Say how likely the planned design excludes the margin of a harm."""
    name, weeks = endpoint.estimand.name, past.stretch.weeks
    people = past.balancing.get(name)
    if people is None:
        return NotEstimable(reason=f"{name}: the data cannot answer its measure")
    look = DesignLook(chief, past, protocol, asked)
    is_share = scale_of(endpoint) == "risk_difference"
    try:
        found = look.predicted(weeks, people, is_share=is_share)
    except _REFUSED as error:
        return NotEstimable(reason=f"{name}: {error}")
    of_weeks = _cut(people, past, weeks)
    value = float(of_weeks.outcome[of_weeks.observed].mean())
    margin = endpoint.margin or 0.0
    # Nobody is harmed, so no variance grows with a share: the chance that the harmful
    # limit stays below the margin is that of finding an effect of the margin's size.
    return Excluded(name, margin, value, replace(found, share=None).power(margin))


def _luck_of(asked: Asked, name: str) -> np.random.Generator:
    """Give each look luck of its own, so that leaving one out changes no other."""
    return np.random.default_rng([asked.seed, *name.encode()])


def _cut(people: Participants, past: Past, weeks: int) -> Participants:
    """Give those who would have been enrolled in the first weeks alone."""
    until = np.datetime64(past.stretch.start, "D") + np.timedelta64(7 * weeks, "D")
    return people.where(people.index_date < until)


def insist_askable(past: Past, protocol: Protocol, asked: Asked) -> None:
    """Refuse what cannot be asked, before anything is counted or made.

    Raises
    ------
    DefinitionError
        As `feasibility`.
    """
    check_covariates(protocol)
    _insist_on_differences(protocol)
    people = _cut(past.people, past, past.stretch.weeks)
    is_share = scale_of(protocol.primary) == "risk_difference"
    known = people.outcome[people.observed]
    reached = (float(known.mean()) if len(known) else 0.5) + asked.effect
    tests = {
        "--effect is a number other than 0": np.isfinite(asked.effect)
        and asked.effect != 0,
        "--effect carries no share beyond 0 or 1": not is_share or 0 < reached < 1,
        "--power is above 0.05 and below 1": 0.05 < asked.wanted < 1,
        f"--simulate is 0, or at least {FEWEST_TRIALS}": asked.trials == 0
        or asked.trials >= FEWEST_TRIALS,
        "--seed is at least 0": asked.seed >= 0,
    }
    for said, is_so in tests.items():
        if not is_so:
            raise DefinitionError(
                f"{said.split(' ')[0]} does not fit.",
                code="feasibility-asked",
                remedies=(f"Mind that {said}.",),
            )


def _insist_on_differences(protocol: Protocol) -> None:
    """Refuse what power is not worked out for: ratios, times, and margins to hold."""
    asked = [
        f"{one.estimand.name}: {scale_of(one).replace('_', ' ')}"
        for one in protocol.endpoints
        if one.role != "secondary" and scale_of(one) not in BY_LEAST_SQUARES
    ]
    if protocol.primary.hypothesis != "superiority":
        asked.append(f"{protocol.primary.estimand.name}: {protocol.primary.hypothesis}")
    if asked:
        raise DefinitionError(
            f"Power is worked out for differences alone, as yet ({'; '.join(asked)}).",
            code="feasibility-asked",
            why="A ratio or a margin read as a difference would give another power.",
            remedies=(
                (
                    "Plan with summary_measure risk_difference (or mean_difference) "
                    "and the least difference that is worth having, then freeze with "
                    "yours."
                ),
            ),
        )
