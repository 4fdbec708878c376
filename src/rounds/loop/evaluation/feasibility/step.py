"""Is a trial feasible here? Every design, for the planned weeks and as far as it takes.

::

    past ─▶ outcome ─▶ each design ┬▶ formula: detectable, power, weeks
                                   └▶ made trials: power, side by side
"""

from collections.abc import Callable

from rounds.loop.evaluation.estimates.effects import scale_of
from rounds.loop.evaluation.estimates.summaries import OF_SHARES, OF_TIMES
from rounds.loop.evaluation.feasibility.answers import (
    Asked,
    Excluded,
    Feasibility,
)
from rounds.loop.evaluation.feasibility.asking import NO_TIMES, insist_askable
from rounds.loop.evaluation.feasibility.describing import describe
from rounds.loop.evaluation.feasibility.looking import (
    REFUSED,
    DesignLook,
    enrolled_in,
    luck_of,
)
from rounds.loop.evaluation.feasibility.past import Past
from rounds.loop.evaluation.feasibility.plans import TrialDesign, compared
from rounds.loop.evaluation.feasibility.question import Question
from rounds.nouns import Design, Endpoint, NotEstimable, Protocol

__all__ = ["feasibility"]

_DRAWS = 100
"""Of clinics, for the interval of an autocorrelation; none without made trials."""

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
    by_visit = planned.unit == "encounter"
    everybody = past.people if past.visits is None or not by_visit else past.visits
    is_share = scale_of(protocol.primary) in OF_SHARES
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
            enrolled_in(everybody, past, weeks),
            everybody,
            past.stretch.longest,
            is_share=is_share,
            rng=luck_of(asked, "clinics"),
            draws=min(asked.trials, _DRAWS),
        ),
        designs=tuple(answers),
        harms=tuple(
            _harm(past, designs[0], protocol, asked, one)
            for one in protocol.endpoints
            if one.role == "balancing"
        ),
    )


def _harm(
    past: Past, chief: TrialDesign, protocol: Protocol, asked: Asked, endpoint: Endpoint
) -> Excluded | NotEstimable:
    """Say how likely the planned design excludes the margin of a harm."""
    name, weeks = endpoint.estimand.name, past.stretch.weeks
    people = past.balancing.get(name)
    if people is None:
        return NotEstimable(reason=f"{name}: the data cannot answer its measure")
    if scale_of(endpoint) in OF_TIMES:
        summary = scale_of(endpoint).replace("_", " ")
        return NotEstimable(reason=f"{name}: {NO_TIMES[:-1]} (a {summary})")
    look = DesignLook(chief, past, protocol, asked)
    is_share = scale_of(endpoint) in OF_SHARES
    try:
        found = look.predicted_of(people, weeks, endpoint, is_share=is_share)
    except REFUSED as error:
        return NotEstimable(reason=f"{name}: {error}")
    of_weeks = enrolled_in(people, past, weeks)
    value = float(of_weeks.outcome[of_weeks.observed].mean())
    power = found.power(Question.harmless(endpoint))
    return Excluded(name, endpoint.margin or 0.0, value, power)
