"""From rows up to a day to what a look says: no reading, no clock, no chance."""

import datetime as dt
from dataclasses import replace
from typing import Literal

import numpy as np

from rounds.loop.evaluation.analysis import joined_endpoints, trial_checks
from rounds.loop.evaluation.checks.diagnostics import seal
from rounds.loop.evaluation.estimates.effects import Effect, arm_summaries, effect
from rounds.loop.evaluation.looks.clock import Spent, spending_time, walk_of, with_spent
from rounds.loop.evaluation.looks.record import (
    ArmSeen,
    LookRecord,
    Reading,
    Verdict,
)
from rounds.loop.evaluation.looks.schedule import as_far_as, enrolled_until
from rounds.loop.evaluation.looks.thresholds import (
    boundaries,
    error_of,
    futile_below,
    harm_bounds,
)
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.trial import TrialRows
from rounds.methods.allocations.adaptive_allocation import (
    allocation_probabilities,
    tempering,
)
from rounds.methods.sequential import (
    Path,
    confidence_sequence,
    posterior_probability,
)
from rounds.nouns import (
    Endpoint,
    Guardrail,
    LookPlan,
    NotEstimable,
    Protocol,
    Rollout,
)

__all__ = ["judge"]

Letter = Literal["A", "B"]
Card = Literal["", "first", "second"]
Joined = dict[str, Participants | NotEstimable]
_AT_THE_END = "looks for safety read guardrails alone: benefit is judged at the end"


def judge(
    trial: TrialRows,
    rollout: Rollout,
    protocol: Protocol,
    earlier: tuple[LookRecord, ...],
    *,
    data_until: dt.date,
    snapshot: str,
    made: dt.datetime,
    letter_of_active: Letter,
    limitations: tuple[str, ...] = (),
) -> LookRecord:
    """Judge a running trial by its protocol, with the estimator of the end.

    Parameters
    ----------
    trial : TrialRows
        Of those whose follow-up was complete on `data_until`.
    earlier : tuple of LookRecord
        All looks before, in order: what they spent is spent.

    Returns
    -------
    LookRecord
        Harm speaks first, even under a failed check; then whether there is anything
        to judge; then benefit; then futility.

    Raises
    ------
    DataError
        If an endpoint's measure counts a person more than once.
    """
    last = enrolled_until(protocol, data_until)
    time = spending_time(protocol, data_until)
    protocol = as_far_as(protocol, last)
    joined = joined_endpoints(trial, protocol)
    people = joined[protocol.primary.estimand.name]
    checks = trial_checks(trial, rollout, protocol, joined)
    sealed = seal(checks)
    guardrails = tuple(
        _guarded(one, of, protocol, earlier, letter_of_active, time=time, card=card)
        for card, of in _cards(joined, protocol).items()
        for one in protocol.guardrails
    )
    plan = protocol.looks
    for_safety = plan is not None and plan.looks == "safety"
    if sealed is not None or for_safety:
        why = sealed or _AT_THE_END
        primary = Reading(protocol.primary.estimand.name, "primary", reason=why)
    else:
        primary = _primary(people, protocol, earlier, letter_of_active, time=time)
    verdict = _verdict(primary, guardrails, for_safety=for_safety and not sealed)
    return LookRecord(
        number=len(earlier) + 1,
        data_until=data_until.isoformat(),
        enrolled_until=last.isoformat(),
        snapshot=snapshot,
        made=made.isoformat(),
        verdict=verdict,
        reason=primary.reason,
        primary=primary,
        guardrails=guardrails,
        diagnostics=tuple(check.model_dump(mode="json") for check in checks),
        limitations=limitations,
        accrual=() if isinstance(people, NotEstimable) else _accrual(people),
        chance=None if verdict == "pause_harm" else _chance(primary, protocol),
        letter_of_active=letter_of_active,
    )


def _cards(joined: Joined, protocol: Protocol) -> dict[Card, Joined]:
    """Give the participants by the arm of each card: one, or two that were crossed."""
    if protocol.factors is None:
        return {"": joined}
    swapped: Joined = {
        name: one if isinstance(one, NotEstimable) else one.swapped()
        for name, one in joined.items()
    }
    return {"first": joined, "second": swapped}


def _chance(primary: Reading, protocol: Protocol) -> float | None:
    """Give the chance of the card from here on; None where it stays as it is.

    Rounded to a thousandth, so that another machine finds the same.
    """
    how = protocol.adaptation
    if how is None or primary.posterior is None or not primary.fraction:
        return None
    better = primary.posterior
    found = allocation_probabilities(
        [better, 1 - better],
        power=float(tempering(how.rule, primary.fraction)),
        least=how.least,
    )
    return round(float(found[0]), 3)


def _verdict(
    primary: Reading, guardrails: tuple[Reading, ...], *, for_safety: bool
) -> Verdict:
    if any(one.crossed for one in guardrails):
        return "pause_harm"
    if for_safety and any(one.is_judged for one in guardrails):
        return "continue"
    if not primary.is_judged:
        return "not_judged"
    if primary.crossed:
        return "stop_benefit"
    return "stop_futility" if primary.futile else "continue"


def _primary(
    people: Participants | NotEstimable,
    protocol: Protocol,
    earlier: tuple[LookRecord, ...],
    letter: Letter,
    *,
    time: float,
) -> Reading:
    plan, endpoint = protocol.looks, protocol.primary
    assert plan is not None  # the gate let it through
    sign = 1.0 if endpoint.better == "higher" else -1.0
    read = _read(
        "primary",
        people,
        protocol,
        endpoint,
        sign=sign,
        planned_se=plan.planned_se,
        letter=letter,
    )
    if not read.is_judged:
        return read
    alpha = error_of(protocol)
    if plan.looks == "always_valid":
        limit = _limit(read, plan.planned_se, 2 * alpha, sides=2)
        return replace(read, limit=limit, crossed=limit is not None and limit > 0)
    spent = _spent(read, tuple(one.primary for one in earlier), time)
    if spent is None:
        return _without_growth(read)
    upper = float(boundaries(plan, spent, alpha=alpha).upper[-1])
    lower = futile_below(plan, spent, alpha=alpha)
    z = read.statistic
    assert z is not None  # it is judged
    found = replace(
        read,
        time=spent.times[-1],
        upper=upper if np.isfinite(upper) else None,
        lower=lower,
        crossed=z >= upper,
        futile=lower is not None and z <= lower,
    )
    if plan.looks == "group_sequential":
        return found
    worth = protocol.decision_rule.least_worthwhile
    worthwhile = _beyond(read, plan, worth, spent.fractions[-1])
    hopeless = plan.futile_probability is not None and (
        worthwhile < plan.futile_probability
    )
    return replace(
        found,
        posterior=_beyond(read, plan, 0.0, spent.fractions[-1]),
        worthwhile=worthwhile,
        futile=found.futile or hopeless,
    )


def _beyond(read: Reading, plan: LookPlan, worth: float, fraction: float) -> float:
    """Give the posterior probability that the benefit is more than so much."""
    assert read.estimate is not None  # it is judged
    assert read.se is not None
    assert read.df is not None
    found = posterior_probability(
        [_normal(read.estimate - worth, read.se, read.df)],
        [fraction],
        prior_mean=plan.prior_mean - worth / plan.planned_se,
        prior_sd=float("inf") if plan.prior_sd is None else plan.prior_sd,
    )
    return float(found[0])


def _guarded(
    guardrail: Guardrail,
    joined: Joined,
    protocol: Protocol,
    earlier: tuple[LookRecord, ...],
    letter: Letter,
    *,
    time: float,
    card: Card,
) -> Reading:
    name = guardrail.endpoint
    endpoint = next(e for e in protocol.endpoints if e.estimand.name == name)
    sign = 1.0 if endpoint.better == "lower" else -1.0
    read = _read(
        "guardrail",
        joined[name],
        protocol,
        endpoint,
        sign=sign,
        planned_se=guardrail.planned_se,
        letter=letter,
        margin=guardrail.margin,
    )
    read = replace(read, card=card)
    if not read.is_judged:
        return read
    if guardrail.looks == "always_valid":
        limit = _limit(read, guardrail.planned_se, guardrail.alpha, sides=1)
        beyond = limit is not None and limit > guardrail.margin
        return replace(read, limit=limit, crossed=beyond)
    before = tuple(
        one
        for look in earlier
        for one in look.guardrails
        if (one.endpoint, one.card) == (name, card)
    )
    spent = _spent(read, before, time)
    if spent is None:
        return _without_growth(read)
    upper = harm_bounds(guardrail, spent)
    crossed = read.statistic is not None and read.statistic >= upper
    shown = upper if np.isfinite(upper) else None
    return replace(read, time=spent.times[-1], upper=shown, crossed=crossed)


def _read(
    role: Literal["primary", "guardrail"],
    people: Participants | NotEstimable,
    protocol: Protocol,
    endpoint: Endpoint,
    *,
    sign: float,
    planned_se: float,
    letter: Letter,
    margin: float = 0.0,
) -> Reading:
    """Estimate an endpoint as the final evaluation will; no bound yet."""
    name = endpoint.estimand.name
    if isinstance(people, NotEstimable):
        return Reading(name, role, reason=people.reason)
    found: Effect = effect(people, protocol, endpoint)
    if found.fit is None:
        assert isinstance(found.estimate, NotEstimable)
        return Reading(name, role, reason=found.estimate.reason)
    fit = found.fit
    value = sign * fit.estimate
    return Reading(
        name,
        role,
        estimate=value,
        se=fit.se,
        df=fit.df,
        statistic=_normal(value - margin, fit.se, fit.df),
        fraction=float((planned_se / fit.se) ** 2),
        margin=margin if role == "guardrail" else None,
        walk=walk_of(people, protocol),
        arms=_arms(people, endpoint, letter),
    )


def _normal(distance: float, se: float, df: float) -> float:
    """Give the statistic that has the same p-value under a normal law."""
    path = Path(estimate=np.array([distance]), se=np.array([se]), df=np.array([df]))
    return float(path.normal_statistic[0])


def _limit(
    read: Reading, tightest: float, alpha: float, *, sides: Literal[1, 2]
) -> float | None:
    """Give the lower limit that holds at this look and all others together."""
    assert read.estimate is not None  # it is judged
    assert read.se is not None
    found = confidence_sequence(
        [read.estimate],
        [read.se],
        alpha=alpha,
        tightest=tightest,
        sides=sides,
        df=[read.df or 1.0],
    )
    lower = float(found.lower[0])
    return lower if np.isfinite(lower) else None


def _spent(read: Reading, before: tuple[Reading, ...], time: float) -> Spent | None:
    """Give all looks that spent and this one; None where information has not grown."""
    return with_spent(before, replace(read, time=time))


def _without_growth(read: Reading) -> Reading:
    return replace(
        read, reason="information has not grown since the last look: nothing is spent"
    )


def _arms(
    people: Participants, endpoint: Endpoint, letter: Letter
) -> tuple[ArmSeen, ...]:
    other: Letter = "B" if letter == "A" else "A"
    seen = [
        ArmSeen(
            letter if arm.arm == "active" else other,
            arm.n_units or 0,
            arm.n or 0,
            arm.value,
        )
        for arm in arm_summaries(people, endpoint, sealed=False)
    ]
    return tuple(sorted(seen, key=lambda one: one.letter))


def _accrual(people: Participants) -> tuple[tuple[str, int], ...]:
    months, counts = np.unique(
        people.index_date.astype("datetime64[M]").astype(str), return_counts=True
    )
    return tuple((str(m), int(n)) for m, n in zip(months, counts, strict=True))
