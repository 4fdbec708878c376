"""Half a year and a year after adoption: is it still done, and does it still help?

RE-AIM asks of maintenance whether effects last six months and more (individual level)
and whether settings go on delivering (setting level); see
https://re-aim.org/assessing-maintenance/. Nothing is randomised any more: a change
since the first months may have other reasons.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtri

from rounds import __version__
from rounds.datamart import AnyDatamart
from rounds.datamart.consent import opted_out
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.loop.evaluation.estimates.summaries import BY_LEAST_SQUARES, OF_TIMES
from rounds.loop.evaluation.uptake.uptake import share_of
from rounds.loop.evaluation.uptake.waste import mean_of
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.net_benefit import fieller
from rounds.nouns import (
    Decision,
    Estimate,
    Evaluation,
    Maintained,
    Maintenance,
    Measure,
    NotEstimable,
    Period,
    Protocol,
    Provenance,
)
from rounds.practice import Practice
from rounds.practice.exposures import ExposureRows, exposure_rows

__all__ = ["maintenance", "months_later", "outcome_days"]

IGNORED_AFTER = dt.timedelta(days=7)
WIDTH = 3
"""Months of index days that are read together."""
_SAID = (
    "Nothing is randomised after adoption: what changes may have other reasons.",
    "Of the share kept, the first three months are taken to have had all of the gain.",
)

Found = Estimate | NotEstimable


@dataclass(frozen=True)
class _Known:
    """One window's rows, those whose outcome is known."""

    value: np.ndarray
    clinic: np.ndarray


def months_later(day: dt.date, months: int) -> dt.date:
    """Give the same day so many months later, or that month's last.

    Examples
    --------
    >>> months_later(dt.date(2025, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.month - 1 + months, 12)
    first = dt.date(day.year + year, month + 1, 1)
    last = (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
    return min(first + dt.timedelta(days=day.day - 1), last)


def outcome_days(measure: Measure) -> int:
    """Give the days after an index within which a measure looks for its outcome."""
    return max(_reaches(measure.model_dump(mode="json")), default=0)


def _reaches(plain: Any) -> list[int]:
    if isinstance(plain, list):
        return [found for one in plain for found in _reaches(one)]
    if not isinstance(plain, dict):
        return []
    found = [reach for one in plain.values() for reach in _reaches(one)]
    if plain.get("at") in {"index", "index_end"}:
        days = 31 * (plain.get("months") or 0) + (plain.get("days") or 0)
        found.append(days + -(-(plain.get("hours") or 0) // 24))
    return found


def maintenance(
    decided: Decision,
    evaluated: Evaluation,
    protocol: Protocol,
    measure: Measure,
    datamart: AnyDatamart,
    *,
    practice: Practice,
    data_until: dt.date,
    now: dt.datetime,
) -> Maintenance:
    """Say what is left of an adopted change after six and after twelve months.

    Parameters
    ----------
    decided : Decision
        What was adopted.
    evaluated, protocol : Evaluation, Protocol
        Those that the decision names: the gain, and its direction.
    measure : Measure
        The primary endpoint's.
    data_until : date
        The last day of the data.
    now : datetime
        In the local time of the encounters.

    Returns
    -------
    Maintenance
        With exact counts; `NotEstimable` with "too early" before the outcomes of those
        months are known.

    Raises
    ------
    DefinitionError, DataError
        As `measure_rows`.
    """
    adopted = decided.signed_by.at.date()
    without = practice.opt_outs() | opted_out(datamart, "research", now.date())
    service = practice.knowledge(str(decided.knowledge_object)).service.id
    calls = exposure_rows(
        practice, ignored_after=IGNORED_AFTER, now=now, service=service
    ).leaving_out(without)

    def rows(period: Period) -> _Known | NotEstimable:
        found = measure_rows(datamart, measure, period, without=without)
        return found if isinstance(found, NotEstimable) else _known(found)

    first = _window(adopted, WIDTH)
    waits = outcome_days(measure)
    base = rows(first) if first.end <= data_until else None
    at = []
    months: Literal[6, 12]
    for months in (6, 12):
        period = _window(adopted, months)
        ready = period.end + dt.timedelta(days=waits)
        if base is None or ready > data_until:
            at.append(_too_early(months, period, ready, data_until))
            continue
        at.append(
            Maintained(
                months=months,
                period=period,
                **_effects(base, rows(period), evaluated, protocol),
                **_delivery(calls, period, protocol.level),
            )
        )
    return Maintenance(
        name=decided.name,
        title=f"What is left of {evaluated.title.removeprefix('Evaluation of ')}",
        decision=decided.ref(),
        measure=measure.ref(),
        adopted=adopted,
        data_until=data_until,
        at=tuple(at),
        limitations=_SAID,
        provenance=Provenance(
            made_from=(decided.ref(), evaluated.ref(), measure.ref()),
            snapshot=datamart.snapshot,
            code_version=__version__,
        ),
    )


def _window(adopted: dt.date, months: int) -> Period:
    """Give the three months that end so many months after adoption."""
    return Period(
        start=months_later(adopted, months - WIDTH) + dt.timedelta(days=1),
        end=months_later(adopted, months),
    )


def _too_early(
    months: Literal[6, 12], period: Period, ready: dt.date, until: dt.date
) -> Maintained:
    none = NotEstimable(
        reason=f"too early: month {months} after adoption ends on {period.end}, its "
        f"outcomes are known on {ready}, and the data end on {until}"
    )
    return Maintained(
        months=months,
        period=period,
        **dict.fromkeys(
            ("rate", "change", "kept", "delivered", "accepted", "settings"), none
        ),
    )


_OF_TIMES = NotEstimable(
    reason="times until an event are not followed after the decision, as yet"
)


def _known(rows: MeasureRows) -> _Known:
    used = rows.denominator & rows.observed
    return _Known(rows.value[used], rows.care_site[used])


def _effects(
    base: _Known | NotEstimable,
    later: _Known | NotEstimable,
    evaluated: Evaluation,
    protocol: Protocol,
) -> dict[str, Found]:
    if isinstance(later, NotEstimable) or isinstance(base, NotEstimable):
        none = later if isinstance(later, NotEstimable) else base
        assert isinstance(none, NotEstimable)
        return dict.fromkeys(("rate", "change", "kept"), none)
    if protocol.primary.estimand.summary_measure in OF_TIMES:
        return dict.fromkeys(("rate", "change", "kept"), _OF_TIMES)
    change = _change(base, later, protocol)
    return {
        "rate": _rate(later, protocol),
        "change": change,
        "kept": _kept(change, evaluated.estimate, protocol.level),
    }


def _is_share(protocol: Protocol) -> bool:
    return protocol.primary.estimand.summary_measure != "mean_difference"


def _rate(known: _Known, protocol: Protocol) -> Found:
    if _is_share(protocol):
        hits = known.value == 1
        return share_of(hits, known.clinic, protocol.level, "patients seen then")
    return mean_of(
        known.value, known.clinic, level=protocol.level, unit="1", of="patients"
    )


def _change(base: _Known, later: _Known, protocol: Protocol) -> Found:
    """Compare two windows; a clinic is in both, and stands for itself."""
    value = np.concatenate([base.value, later.value])
    clinic = np.concatenate([base.clinic, later.clinic])
    late = np.repeat([0.0, 1.0], [len(base.value), len(later.value)])
    if not 0 < late.sum() < len(late):
        return NotEstimable(reason="nobody was seen in one of the two times")
    design = np.column_stack([late, np.ones(len(late))])
    try:
        fit = cluster_ols(value, design, clinic, level=protocol.level)
    except ValueError as error:
        return NotEstimable(reason=str(error))
    return Estimate(
        value=fit.estimate,
        lower=fit.lower,
        upper=fit.upper,
        level=protocol.level,
        scale="risk_difference" if _is_share(protocol) else "mean_difference",
        n=fit.n,
        method="difference between times with CR2 standard errors over clinics",
    )


def _kept(change: Found, gain: Found, level: float) -> Found:
    """Give one plus the change over the gain, with Fieller's interval."""
    if isinstance(gain, NotEstimable) or gain.sealed is not None:
        return NotEstimable(reason="the evaluation holds no gain that may be read")
    if isinstance(change, NotEstimable):
        return change
    if gain.scale not in BY_LEAST_SQUARES:
        return NotEstimable(
            reason=f"the gain is told as {gain.scale.replace('_', ' ')}, and a share "
            "of it can be kept only of a difference"
        )
    moved, low, high = change.numbers
    value, lower, upper = gain.numbers
    z = float(ndtri((1 + level) / 2))
    wide = float(ndtri((1 + gain.level) / 2))
    try:
        share = fieller(
            moved,
            value,
            ((high - low) / 2 / z) ** 2,
            ((upper - lower) / 2 / wide) ** 2,
            covariance=0.0,
            quantile=z,
        )
    except ValueError:
        return NotEstimable(
            reason="the interval of the evaluated gain holds nought, so that no share "
            "of it can be kept"
        )
    return Estimate(
        value=1 + share.value,
        lower=1 + share.lower,
        upper=1 + share.upper,
        level=level,
        scale="index",
        method="one plus change over gain, Fieller's interval",
    )


def _delivery(calls: ExposureRows, period: Period, level: float) -> dict[str, Found]:
    day = calls.occurred.astype("datetime64[D]")
    then = (day >= np.datetime64(period.start)) & (day <= np.datetime64(period.end))
    due, shown = then & calls.due, then & calls.shown
    accepted = calls.feedback == "accepted"
    where = np.unique(calls.clinic[shown])
    used = np.isin(where, calls.clinic[shown & accepted])
    return {
        "delivered": share_of(calls.shown[due], calls.clinic[due], level, "calls due"),
        "accepted": share_of(
            accepted[shown], calls.clinic[shown], level, "cards shown"
        ),
        "settings": share_of(
            used, np.arange(len(where)).astype(str), level, "clinics with any card"
        ),
    }
