"""After adoption: is what the change had brought still there?"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from rounds import __version__
from rounds.datamart.measures.running import run_measure
from rounds.methods.proportion import wilson
from rounds.methods.watching.decay import Decay, decay
from rounds.methods.watching.false_alarms import Watched, within_correlation
from rounds.nouns import (
    Alert,
    Decision,
    Estimate,
    Evaluation,
    Measure,
    NotEstimable,
    PathPoint,
    Period,
    Provenance,
    UnitResult,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rounds.datamart import AnyDatamart

__all__ = ["Fading", "fading", "fading_of_months"]

FIRST = 3
"""Whole months after adoption that say what it reached."""
LOST = 0.5
"""The share of the evaluated gain whose loss is watched for."""
HORIZON = 24
FALSE_ALARM = 0.05
_LEFT = "Of the gain, {:.0%} ({:.0%} to {:.0%}) is left in the last {} months."
_NOT_SEEN = (
    "A gain that was lost within its first months is not seen, and a fall may have "
    "other reasons than the change."
)


@dataclass(frozen=True)
class Fading:
    """Whether a gain is fading, and what is left of it."""

    decay: Decay
    left: Estimate
    """Share of the evaluated gain that is left: 1 is all of it."""
    alert: Alert | None
    n_months: int


def fading(
    measure: Measure,
    datamart: AnyDatamart,
    period: Period,
    *,
    evaluated: Evaluation,
    decided: Decision,
    since: dt.date,
    owner: str,
    without: frozenset[str] = frozenset(),
    rng: np.random.Generator | None = None,
) -> Fading | NotEstimable:
    """Hold the months after adoption against the first of them and the evaluated gain.

    Parameters
    ----------
    measure : Measure
        A proportion on the scale of the evaluated effect: the primary endpoint's.
    period : Period
        Whole months.
    evaluated : Evaluation
        Its estimate is the gain, a risk difference.
    decided : Decision
        What was adopted.
    since : date
        When it was in force everywhere.
    owner : str
        Whose an alert would be.
    without : frozenset of str
        `person_source_value` of those who opted out.
    rng : numpy.random.Generator, optional
        For the threshold; one seeded by measure, day and snapshot if not given.

    Returns
    -------
    Fading or NotEstimable
        Not estimable without an effect that may be read and leaves out nought, and
        four whole months since adoption.

    Raises
    ------
    DefinitionError, DataError
        As `run_measure`.
    """
    gain = evaluated.estimate
    if isinstance(gain, NotEstimable) or gain.sealed is not None:
        return NotEstimable(
            reason="The evaluation holds no effect that may be read, so nothing is "
            "known that could fade."
        )
    result = run_measure(datamart, measure, period, by="month", without=without)
    if isinstance(result, NotEstimable):
        return result
    seed = f"{measure.content_hash()} {since} {datamart.snapshot}"
    return fading_of_months(
        measure,
        result.by,
        gain=gain,
        decided=decided,
        since=since,
        owner=owner,
        provenance=Provenance(
            made_from=(measure.ref(), evaluated.ref(), decided.ref()),
            snapshot=datamart.snapshot,
            code_version=__version__,
        ),
        rng=rng or np.random.default_rng(list(seed.encode())),
    )


def fading_of_months(
    measure: Measure,
    months: Sequence[UnitResult],
    *,
    gain: Estimate,
    decided: Decision,
    since: dt.date,
    owner: str,
    provenance: Provenance,
    rng: np.random.Generator,
) -> Fading | NotEstimable:
    """Do the same to months that have been counted.

    Parameters
    ----------
    months : sequence of UnitResult
        Named `YYYY-MM`, with exact counts, in any order.
    gain : Estimate
        The evaluated effect, a risk difference, not sealed.
    provenance : Provenance
        Of the alert.
    """
    value, lower, upper = gain.numbers
    if gain.scale != "risk_difference" or lower <= 0 <= upper:
        return NotEstimable(
            reason="The evaluated effect is no difference of proportions that leaves "
            "out nought, so no share of it can be called lost."
        )
    after = _after(months, since)
    if len(after) < FIRST + 1:
        return NotEstimable(
            reason=f"Fewer than {FIRST + 1} whole months since {since} have patients."
        )
    x = [month.numerator or 0 for month in after]
    n = [month.denominator or 0 for month in after]
    z = float(ndtri((1 + gain.level) / 2))
    try:
        found = decay(
            x,
            n,
            gain=value,
            gain_se=(upper - lower) / (2 * z),
            rng=rng,
            n_first=FIRST,
            lost=LOST,
            false_alarm=FALSE_ALARM,
            horizon=HORIZON,
            correlation=_alike(months, after),
        )
    except ValueError as error:
        return NotEstimable(reason=f"Fading cannot be watched for: {error}.")
    left = Estimate(
        value=found.left,
        lower=found.left_lower,
        upper=found.left_upper,
        scale="index",
        n=sum(n),
        estimand="Share of the evaluated gain that is left",
        method=f"Last {FIRST} months against the first {FIRST}; delta method",
    )
    alert = _alert(
        measure, after, found, left, decided=decided, owner=owner, provenance=provenance
    )
    return Fading(found, left, alert, len(after))


def _after(months: Sequence[UnitResult], since: dt.date) -> list[UnitResult]:
    """Give the whole months since a day that have anybody, in order."""
    first = since if since.day == 1 else since.replace(day=1) + dt.timedelta(days=32)
    some = [m for m in months if m.denominator and m.unit >= first.isoformat()[:7]]
    return sorted(some, key=lambda month: month.unit)


def _alike(months: Sequence[UnitResult], after: Sequence[UnitResult]) -> float:
    """Estimate how much months vary beyond chance, from those before the change."""
    names = {month.unit for month in after}
    before = [m for m in months if m.denominator and m.unit not in names]
    try:
        return within_correlation(
            [([m.numerator or 0 for m in before], [m.denominator or 0 for m in before])]
        )
    except ValueError:
        return 0.0  # No month before it: chance alone is allowed for.


def _alert(
    measure: Measure,
    after: Sequence[UnitResult],
    found: Decay,
    left: Estimate,
    *,
    decided: Decision,
    owner: str,
    provenance: Provenance,
) -> Alert | None:
    path = found.watched.path
    if not path.signal.any():
        return None
    at = int(path.signal.argmax())
    later = after[found.n_first :]
    since, signalled = later[path.began[0]].unit, later[at].unit
    some = later[path.began[0] : at + 1]
    x = sum(month.numerator or 0 for month in some)
    n = sum(month.denominator or 0 for month in some)
    value, lower, upper = (float(bound[0]) for bound in wilson([x], [n]))
    share, low, high = left.numbers
    return Alert(
        name=f"{measure.name}-{decided.name}-{signalled}",
        title=f"{measure.title}: what {decided.title} had brought is fading",
        measure=measure.ref(),
        change=decided.ref(),
        unit="(all)",
        rule="decay",
        how=(
            f"A CUSUM by month since adoption: {LOST:.0%} of the evaluated gain lost, "
            f"against the level of the first {FIRST} months held. In {HORIZON} months "
            f"in which the level holds it alarms in {FALSE_ALARM:.0%} of changes."
        ),
        false_alarm=FALSE_ALARM,
        since=since,
        signalled=signalled,
        level=found.watched.level,
        seen=UnitResult(
            unit=f"{since} to {signalled}",
            denominator=n,
            numerator=x,
            value=value,
            lower=lower,
            upper=upper,
        ),
        path=_path(later[: at + 1], found.watched),
        owner=owner,
        limitations=(
            _LEFT.format(share, low, high, FIRST),
            _NOT_SEEN,
        ),
        provenance=provenance,
    )


def _path(months: Sequence[UnitResult], found: Watched) -> tuple[PathPoint, ...]:
    """Give where the sum stood after each month, with the counts that gate it."""
    return tuple(
        PathPoint(
            since=month.unit,
            month=month.unit,
            share=float(height) / found.threshold,
            denominator=month.denominator,
            numerator=month.numerator,
        )
        for month, height in zip(months, found.path.value[: len(months)], strict=True)
    )
