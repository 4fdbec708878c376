"""Has a unit got worse since? Each held against its own past, all with one promise."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rounds import __version__
from rounds.datamart.measures.counts import SEPARATOR
from rounds.datamart.measures.running import run_measure
from rounds.loop.problem.variation import with_intervals
from rounds.methods.watching.false_alarms import Watched, Watcher, within_correlation
from rounds.nouns import (
    Alert,
    DefinitionError,
    Measure,
    NotEstimable,
    PathPoint,
    Period,
    Provenance,
    UnitResult,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rounds.datamart import AnyDatamart

__all__ = ["Promise", "Watching", "watch_series", "watch_units"]

ALL = "(all)"
_FEWEST_MONTHS = 3
_FEWEST_PATIENTS = 30
"""Of a baseline: with fewer, next to nothing could be found."""

_OWN_PAST = (
    "Units are held against their own past, which may have been bad: a unit that was "
    "always behind gives no alert."
)
_SEASONS = "Seasons and changes in who comes are not taken out."

Months = list[UnitResult]
"""One unit's months that have anybody, in order; `unit` is the month, `YYYY-MM`."""


@dataclass(frozen=True)
class Promise:
    """What is watched for, and how often it may be called where it is not.

    Parameters
    ----------
    odds_ratio : float
        The fall of the odds of doing well that is watched for, in (0, 1).
    false_alarm : float
        Chance of any false alarm among all units within the horizon, in (0, 1).
    horizon : int
        Months.
    """

    odds_ratio: float = 0.6
    false_alarm: float = 0.05
    horizon: int = 24


@dataclass(frozen=True)
class Watching:
    """What was watched, and what signalled."""

    alerts: tuple[Alert, ...]
    watched: tuple[str, ...]
    """Units, `(all)` among them."""
    left_out: tuple[str, ...]
    """Units with too few patients or months before or after."""
    limitations: tuple[str, ...] = field(default=())


def watch_units(
    measure: Measure,
    datamart: AnyDatamart,
    period: Period,
    *,
    since: dt.date,
    owner: str,
    by_site: bool = True,
    promise: Promise | None = None,
    without: frozenset[str] = frozenset(),
    rng: np.random.Generator | None = None,
) -> Watching | NotEstimable:
    """Watch a measure by month, over all patients and site by site.

    Parameters
    ----------
    measure : Measure
        A proportion that can be split by month.
    period : Period
        Both days included, best whole months: those before `since` are the baseline.
    since : date
        The first day that is watched; a month is watched if it begins then or later.
    owner : str
        Whose the alerts are.
    by_site : bool
        False where sites may not be told apart.
    promise : Promise, optional
        What is watched for, and how often falsely.
    without : frozenset of str
        `person_source_value` of those who opted out.
    rng : numpy.random.Generator, optional
        For the thresholds; one seeded by measure, period and snapshot if not given.

    Returns
    -------
    Watching or NotEstimable
        Exact counts: disclosure control acts where alerts are published.

    Raises
    ------
    DefinitionError
        If the measure is not a proportion, or has no monthly form.
    DataError
        If the datamart cannot be read.
    """
    if measure.scoring != "proportion":
        raise DefinitionError(
            f"Measure.scoring of {measure.name!r} is {measure.scoring!r}.",
            code="problem-not-a-proportion",
            why="What is summed month by month are odds of doing well.",
            remedies=("Name a measure whose scoring is proportion.",),
        )
    whole = run_measure(datamart, measure, period, by="month", without=without)
    if isinstance(whole, NotEstimable):
        return whole
    series = {ALL: list(whole.by)}
    if by_site:
        split = run_measure(
            datamart, measure, period, by="care_site,month", without=without
        )
        if not isinstance(split, NotEstimable):
            series |= _by_site(split.by)
    seed = f"{measure.content_hash()} {period.start} {since} {datamart.snapshot}"
    return watch_series(
        measure,
        series,
        since=since,
        owner=owner,
        promise=promise or Promise(),
        provenance=Provenance(
            made_from=(measure.ref(),),
            snapshot=datamart.snapshot,
            code_version=__version__,
        ),
        rng=rng or np.random.default_rng(list(seed.encode())),
    )


def watch_series(
    measure: Measure,
    series: Mapping[str, Sequence[UnitResult]],
    *,
    since: dt.date,
    owner: str,
    promise: Promise,
    provenance: Provenance,
    rng: np.random.Generator,
) -> Watching:
    """Do the same to months that have been counted.

    Parameters
    ----------
    series : mapping of str to sequence of UnitResult
        Unit → its months, each named `YYYY-MM`, with exact counts, in any order.
    provenance : Provenance
        Of the alerts.
    """
    first = since.isoformat()[:7] if since.day == 1 else _next_month(since)
    parts = {unit: _parted(months, first) for unit, months in series.items()}
    watched = {unit: part for unit, part in parts.items() if _is_enough(*part)}
    groups = [
        {ALL: watched[ALL]} if ALL in watched else {},
        {unit: part for unit, part in watched.items() if unit != ALL},
    ]
    alone = 1 - (1 - promise.false_alarm) ** (1 / max(len(watched), 1))
    alerts: list[Alert] = []
    for group in groups:
        if not group:
            continue
        shared = 1 - (1 - alone) ** len(group)
        found = _watch(measure, group, promise, shared, rng)
        for (unit, part), one in zip(group.items(), found, strict=True):
            alerts += _alerts(
                measure,
                unit,
                part[1],
                one,
                promise=promise,
                owner=owner,
                provenance=provenance,
            )
    return Watching(
        alerts=tuple(alerts),
        watched=tuple(watched),
        left_out=tuple(unit for unit in series if unit not in watched),
        limitations=(_OWN_PAST, _SEASONS),
    )


def _by_site(units: Sequence[UnitResult]) -> dict[str, Months]:
    found: dict[str, Months] = {}
    for one in units:
        site, _, month = one.unit.rpartition(SEPARATOR)
        if not site.startswith("("):
            found.setdefault(site, []).append(one.model_copy(update={"unit": month}))
    return found


def _next_month(day: dt.date) -> str:
    return (day.replace(day=1) + dt.timedelta(days=32)).isoformat()[:7]


def _parted(months: Sequence[UnitResult], first: str) -> tuple[Months, Months]:
    some = sorted((m for m in months if m.denominator), key=lambda month: month.unit)
    return (
        [month for month in some if month.unit < first],
        [month for month in some if month.unit >= first],
    )


def _is_enough(before: Months, after: Months) -> bool:
    persons = sum(month.denominator or 0 for month in before)
    return len(before) >= _FEWEST_MONTHS and persons >= _FEWEST_PATIENTS and bool(after)


def _counts(months: Months) -> tuple[list[int], list[int]]:
    x = [month.numerator or 0 for month in months]
    return x, [month.denominator or 0 for month in months]


def _watch(
    measure: Measure,
    group: Mapping[str, tuple[Months, Months]],
    promise: Promise,
    false_alarm: float,
    rng: np.random.Generator,
) -> list[Watched]:
    before = [_counts(part[0]) for part in group.values()]
    try:
        alike = within_correlation(before)
    except ValueError:
        alike = 0.0  # All or none of each unit met it: months cannot be told apart.
    ratio = promise.odds_ratio
    watcher = Watcher(
        odds_ratio=ratio if measure.improvement_notation == "increase" else 1 / ratio,
        false_alarm=false_alarm,
        horizon=promise.horizon,
        correlation=alike,
    )
    return watcher.watch(
        [(sum(x), sum(n)) for x, n in before],
        [_counts(part[1]) for part in group.values()],
        rng=rng,
    )


def _alerts(
    measure: Measure,
    unit: str,
    months: Months,
    found: Watched,
    *,
    promise: Promise,
    owner: str,
    provenance: Provenance,
) -> list[Alert]:
    path = found.path
    worse = "fallen" if measure.improvement_notation == "increase" else "risen"
    alerts = []
    begins = path.signal & ~np.append(False, path.signal[:-1])
    signals = zip(path.began, np.flatnonzero(path.signal).tolist(), strict=True)
    for began, at in signals:
        if not begins[at]:
            continue  # It goes on: one alert is enough.
        since, signalled = months[began].unit, months[at].unit
        x, n = _counts(months[began : at + 1])
        pooled = UnitResult(
            unit=f"{since} to {signalled}", denominator=sum(n), numerator=sum(x)
        )
        alerts.append(
            Alert(
                name=f"{measure.name}-{slug(unit)}-{signalled}",
                title=f"{measure.title}: {worse} in {_said(unit)} since {since}",
                measure=measure.ref(),
                unit=unit,
                rule="cusum",
                how=(
                    "A CUSUM of log-likelihood ratios by month: odds of doing well "
                    f"{promise.odds_ratio:g} times those of the unit's months before, "
                    f"against none. In {promise.horizon} months in which nothing "
                    f"changes, {promise.false_alarm:.0%} of such watches would give "
                    "any alert at all."
                ),
                false_alarm=promise.false_alarm,
                since=since,
                signalled=signalled,
                level=found.level,
                seen=with_intervals([pooled])[0],
                path=_path(months[: at + 1], found),
                owner=owner,
                provenance=provenance,
            )
        )
    return alerts


def _path(months: Months, found: Watched) -> tuple[PathPoint, ...]:
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


def _said(unit: str) -> str:
    return "all sites together" if unit == ALL else unit


def slug(unit: str) -> str:
    """Give a unit's name as part of a computer's name, still its own.

    Parameters
    ----------
    unit : str
        A site's label, or `(all)`.

    Returns
    -------
    str
        Lower-case letters, digits and hyphens; two labels that would come out alike
        are told apart by a hash.

    Examples
    --------
    >>> slug("(all)"), slug("clinic-07") != slug("clinic 07")
    ('all', True)
    """
    plain = re.sub(r"[^a-z0-9]+", "-", unit.lower()).strip("-") or "unit"
    if unit in {ALL, plain}:
        return plain
    return f"{plain}-{hashlib.sha256(unit.encode()).hexdigest()[:6]}"
