"""The end of a trial that was looked at: its estimate allows for the looks."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import ndtri

from rounds.loop.evaluation.designs.design import Fit
from rounds.loop.evaluation.estimates.effects import Effect
from rounds.loop.evaluation.looks.clock import CLOSEST, Spent, walk_of, with_spent
from rounds.loop.evaluation.looks.record import LookRecord, Reading, Verdict
from rounds.loop.evaluation.looks.schedule import as_far_as, enrolled_until
from rounds.loop.evaluation.looks.thresholds import boundaries, error_of
from rounds.loop.evaluation.participants import Participants
from rounds.methods.sequential import (
    Boundaries,
    after_stopping,
    confidence_sequence,
    repeated_intervals,
)
from rounds.nouns import (
    AfterLooks,
    Estimate,
    LookPlan,
    NotEstimable,
    Period,
    Protocol,
    Rollout,
)
from rounds.practice import InForce, Practice
from rounds.practice.looks import Stopped

__all__ = ["EndOfTrial", "after_looks", "ended_of"]

Grounds = Literal["", "benefit", "futility", "harm", "other"]
_GROUNDS: dict[Verdict, Grounds] = {
    "stop_benefit": "benefit",
    "stop_futility": "futility",
    "pause_harm": "harm",
}


@dataclass(frozen=True, repr=False)
class EndOfTrial:
    """The looks that were made, and how the trial ended."""

    looks: tuple[LookRecord, ...]
    stopped: Stopped | None
    enrolment: Period
    """Whose participants are analysed."""
    pauses: tuple[InForce, ...] = ()
    """When it was paused, and when and why resumed."""

    def __repr__(self) -> str:
        """Show nothing that was seen."""
        return f"<end of a trial after {len(self.looks)} looks>"

    @property
    def at_last_look(self) -> bool:
        """Whether it ended on what the last look had said, and is analysed as then."""
        return self.stopped is not None and self.grounds not in ("", "other")

    @property
    def grounds(self) -> Grounds:
        """What the last look had said, of a trial that was ended early."""
        if self.stopped is None:
            return ""
        return _GROUNDS.get(self.looks[-1].verdict, "other") if self.looks else "other"

    @property
    def told(self) -> AfterLooks:
        """What the Evaluation says of it."""
        harmed = [one for one in self.looks if one.verdict == "pause_harm"]
        crossed = dict.fromkeys(name for one in harmed for name in one.crossed)
        ended = self.stopped
        return AfterLooks(
            looks=len(self.looks),
            paused=tuple(o.at.date() for o in self.pauses if o.state == "paused"),
            crossed=tuple(crossed),
            stopped=None if ended is None else ended.at.date(),
            stopped_by="" if ended is None else ended.by,
            reason="" if ended is None else ended.reason,
            grounds=self.grounds,
        )

    def as_far_as(self, protocol: Protocol) -> Protocol:
        """Give the protocol as it stood when the trial ended."""
        if self.stopped is None:
            return protocol
        return as_far_as(protocol, self.enrolment.end)

    def allowed_for(
        self, primary: Effect, protocol: Protocol, people: Participants
    ) -> tuple[Effect, tuple[str, ...]]:
        """Give the primary effect with the looks allowed for, and what to say."""
        plan = protocol.looks
        if plan is not None and plan.looks == "safety":
            # Nothing of the benefit was read, so nothing of its error is spent.
            return primary, (_said(self.told, read=False), *_resumed(self.pauses))
        said = [_said(self.told), *_resumed(self.pauses)]
        if primary.fit is None or not isinstance(primary.estimate, Estimate):
            return primary, tuple(said)
        of = self.looks[-1] if self.at_last_look else None
        earlier = self.looks if of is None else self.looks[:-1]
        estimate, more = after_looks(
            primary.estimate,
            primary.fit,
            protocol,
            earlier,
            of=of,
            walk=walk_of(people, protocol),
        )
        return replace(primary, estimate=estimate), (*said, *more)


def ended_of(
    rollout: Rollout, protocol: Protocol, practice: Practice
) -> EndOfTrial | None:
    """Give how a trial whose protocol plans looks ended; None where it plans none."""
    if protocol.looks is None:
        return None
    looks = tuple(
        LookRecord.from_json(one.record) for one in practice.looks(rollout.ref())
    )
    stopped = practice.stopped(rollout.ref())
    pauses = practice.pauses(rollout.ref())
    end = EndOfTrial(looks, stopped, protocol.enrolment, pauses)
    if stopped is None:
        return end
    last = stopped.at.date()
    follow_up = dt.timedelta(days=protocol.follow_up_days)
    if end.at_last_look:
        last = dt.date.fromisoformat(looks[-1].enrolled_until)
    start = protocol.enrolment.start
    last = max(start, min(last, protocol.enrolment.end))
    if protocol.schedule is not None:
        # By whole periods, as it was looked at.
        last = max(start, enrolled_until(protocol, last + follow_up))
    return replace(end, enrolment=Period(start=start, end=last))


def after_looks(
    estimate: Estimate,
    fit: Fit,
    protocol: Protocol,
    earlier: tuple[LookRecord, ...],
    *,
    of: LookRecord | None = None,
    walk: float | None = None,
) -> tuple[Estimate | NotEstimable, tuple[str, ...]]:
    """Give the estimate and interval that allow for the looks before.

    Parameters
    ----------
    estimate : Estimate
        As one look would have given it.
    fit : Fit
        It was read from.
    earlier : tuple of LookRecord
        The looks before the one that this estimate is of.
    of : LookRecord, optional
        The look that ended the trial, and that this estimate is of. Not given, it is
        that of the planned end, which spends what is left.
    walk : float, optional
        As `clock.walk_of` gives it, where chances follow looks.

    Returns
    -------
    estimate : Estimate or NotEstimable
        Median-unbiased with a stage-wise interval; where a bound was crossed before
        and the trial went on all the same, the repeated interval, which holds
        whatever was done; of always-valid looks, the interval that holds at all.
    limitations : tuple of str
        What to say of it.

    Notes
    -----
    With few clusters the standard error is the one that gives a normal interval the
    width of Student's, or a normal statistic Student's p-value: whichever is larger.
    With no look before, the interval is the same as without a plan.

    References
    ----------
    As `after_stopping`, `repeated_intervals` and `confidence_sequence`.
    """
    plan = protocol.looks
    assert plan is not None  # `ended_of` makes none of a protocol without
    alpha = error_of(protocol)
    sign = 1.0 if protocol.primary.better == "higher" else -1.0
    value = sign * fit.estimate
    if plan.looks == "always_valid":
        return _always(estimate, fit, plan, 2 * alpha)
    se = _normal_se(value, fit, protocol.level)
    spent, said = _spent(protocol, fit, earlier, of, walk=walk)
    bounds = boundaries(plan, spent, alpha=alpha, last=of is None)
    went_on = any(one.primary.crossed for one in earlier)
    if went_on:
        middle, low, high = _repeated(bounds, earlier, value, se)
        how = (
            "repeated interval, since a bound was crossed before and the trial went on"
        )
    else:
        found = after_stopping(bounds, len(spent.fractions), value / se, se=se)
        middle, low, high = found.estimate, found.lower, found.upper
        how = "median-unbiased, stage-wise interval"
    low, high = sorted((sign * low, sign * high))
    return _with(estimate, (sign * middle, low, high), how, len(earlier)), said


def _with(
    estimate: Estimate, numbers: tuple[float, float, float], how: str, looks: int
) -> Estimate:
    value, low, high = numbers
    told = f"{estimate.method}; allowing for {looks} earlier look(s): {how}"
    changed = {"value": value, "lower": low, "upper": high, "method": told}
    return estimate.model_copy(update=changed)


def _always(
    estimate: Estimate, fit: Fit, plan: LookPlan, alpha: float
) -> tuple[Estimate | NotEstimable, tuple[str, ...]]:
    found = confidence_sequence(
        [fit.estimate], [fit.se], alpha=alpha, tightest=plan.planned_se, df=[fit.df]
    )
    low, high = float(found.lower[0]), float(found.upper[0])
    if not np.isfinite([low, high]).all():
        reason = "too little is known for an interval that holds at any look"
        return NotEstimable(reason=reason), ()
    told = f"{estimate.method}; always-valid interval, which holds at any look"
    return estimate.model_copy(update={"lower": low, "upper": high, "method": told}), ()


def _normal_se(value: float, fit: Fit, level: float) -> float:
    width = (fit.upper - fit.lower) / (2 * float(ndtri((1 + level) / 2)))
    tail = fit.p_value / 2
    z = -float(ndtri(tail)) if 0 < tail < 0.5 else 0.0
    return max(width, abs(value) / z) if z > 0.1 else width


def _spent(
    protocol: Protocol,
    fit: Fit,
    earlier: tuple[LookRecord, ...],
    of: LookRecord | None,
    *,
    walk: float | None,
) -> tuple[Spent, tuple[str, ...]]:
    plan, before = protocol.looks, tuple(one.primary for one in earlier)
    assert plan is not None  # `after_looks` was asked
    now = Reading(
        protocol.primary.estimand.name,
        "primary",
        df=fit.df,
        fraction=float((plan.planned_se / fit.se) ** 2),
        time=1.0 if of is None else of.primary.time,
        walk=walk,
    )
    spent = with_spent(before, now)
    if spent is not None:
        return spent, ()
    last = next(one for one in reversed(before) if one.is_judged and one.fraction)
    least = (last.fraction or 0.0) * CLOSEST
    spent = with_spent(before, replace(now, fraction=least, walk=None))
    assert spent is not None  # it is a hundredth more than the last
    return spent, (
        "Information has not grown since the last look; a hundredth is added.",
    )


def _repeated(
    bounds: Boundaries, earlier: tuple[LookRecord, ...], value: float, se: float
) -> tuple[float, float, float]:
    """Give the interval of the last look at which any error was left to spend."""
    seen = [one.primary for one in earlier if one.primary.is_judged]
    values = [*(one.estimate or 0.0 for one in seen), value]
    ses = [*(one.se or se for one in seen), se]
    lower, _ = repeated_intervals(bounds, values, ses)
    at = int(np.flatnonzero(np.isfinite(lower))[-1])
    low, high = float(lower[at]), float(2 * values[at] - lower[at])
    return min(max(value, low), high), low, high


def _resumed(pauses: tuple[InForce, ...]) -> list[str]:
    return [
        f"{one.by} resumed it on {one.at.date()}: {one.reason.partition(': ')[2]}"
        for one in pauses
        if one.state == "trial"
    ]


def _said(told: AfterLooks, *, read: bool = True) -> str:
    text = f"{told.looks} look(s) were made before the evaluation"
    allowed = "the estimate allows for them" if read else "they read guardrails alone"
    text += f"; {allowed}."
    if told.paused:
        days = ", ".join(str(day) for day in told.paused)
        text += f" A guardrail ({', '.join(told.crossed)}) paused it on {days}."
    if told.stopped is not None:
        text += f" {told.stopped_by} ended it on {told.stopped}: {told.reason}"
    return text
