"""Equity and watching in a project: run, publish, and answer what signalled."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from rounds.conduct.desk import Desk
from rounds.conduct.periods import last_twelve_months, whole_months
from rounds.conduct.publishing_equity import members_of_equity, publishable_equity
from rounds.conduct.reconcile import reconcile
from rounds.datamart import AnyDatamart
from rounds.loop.evaluation.after_adoption.fading import Fading, fading
from rounds.loop.problem.equity import run_equity as equity_of_measure
from rounds.loop.problem.watching import Promise, Watching, watch_units
from rounds.nouns import (
    Alert,
    Decision,
    DefinitionError,
    Equity,
    Evaluation,
    Measure,
    NotEstimable,
    Period,
    Protocol,
)

__all__ = ["Watched", "answer_alert", "run_equity", "run_watch"]

_MONTHS_BACK = 729
"""Days before the last one: two years, one to hold the other against."""


@dataclass(frozen=True)
class Watched:
    """What was watched in a project, and the alerts as they stand in the ledger."""

    period: Period
    since: dt.date
    units: Watching | NotEstimable
    change: Fading | NotEstimable
    alerts: tuple[Alert, ...]
    """Published now or before, as anybody may see them."""
    masked: bool
    """Whether sites were left alone, since a trial by site is under way."""


def run_equity(desk: Desk, name: str, period: Period | None = None) -> Equity:
    """Find over whom a measure is unequal, and publish it.

    Parameters
    ----------
    name : str
        The measure's.
    period : Period, optional
        The twelve months that end with the last day of the data, if not given.

    Returns
    -------
    Equity
        As the ledger holds it, small counts hidden.

    Raises
    ------
    DefinitionError
        If there is no such measure, or it is not a proportion.
    DataError
        If the data cannot answer it.
    DisclosureError
        If it is too close to what was told or published before.
    """
    measure, without = desk.measure(name), desk.practice.opt_outs()
    with desk.datamart() as mart:
        found = equity_of_measure(
            measure,
            mart,
            name=measure.name,
            title=measure.title,
            period=period or last_twelve_months(mart),
            without=without,
        )
        members = members_of_equity(mart, measure, found, without=without)
    shown = publishable_equity(found, members, desk.project, now=desk.now)
    desk.publish(measure)
    return desk.publish(shown)


def run_watch(
    desk: Desk,
    name: str,
    *,
    owner: str,
    since: dt.date | None = None,
    period: Period | None = None,
    promise: Promise | None = None,
) -> Watched:
    """Watch units, and the change that was adopted; publish what signalled.

    An alert that was published before stays as it is, and whoever answered it too.

    Parameters
    ----------
    name : str
        The measure's by which units are watched.
    owner : str
        Whose the alerts are.
    since : date, optional
        The first day that is watched; a year before the period's end, if not given.
    period : Period, optional
        What is looked at, cut to whole months; two years, if not given.
    promise : Promise, optional
        What is watched for, and how often falsely.

    Raises
    ------
    DefinitionError
        If there is no such measure, it is not a proportion, or has no monthly form.
    DataError
        If the datamart cannot be read, or has no days.
    """
    reconcile(desk)
    measure = desk.measure(name)
    masked = desk.practice.is_masked(desk.now())
    with desk.datamart() as mart:
        if period is None:
            last = last_twelve_months(mart).end
            period = Period(start=last - dt.timedelta(days=_MONTHS_BACK), end=last)
        period = whole_months(period)
        first = since or _a_year_before(period.end)
        without = desk.practice.opt_outs()
        units = watch_units(
            measure,
            mart,
            period,
            since=first,
            owner=owner,
            by_site=not masked,
            promise=promise,
            without=without,
        )
        change = _change(desk, mart, period, owner, without)
    found = list(units.alerts) if isinstance(units, Watching) else []
    if isinstance(change, Fading) and change.alert is not None:
        found.append(change.alert)
    if found:
        desk.publish(measure)
    published = tuple(desk.find(Alert, one.name) or desk.publish(one) for one in found)
    return Watched(period, first, units, change, published, masked)


def answer_alert(
    desk: Desk, name: str, *, status: Literal["acknowledged", "closed"], answer: str
) -> Alert:
    """Say what was found of an alert, in the name of whoever sits at the desk.

    Raises
    ------
    DefinitionError
        If there is no alert of that name; those there are are listed, without those
        about single sites while a trial runs among them.
    """
    alert = desk.find(Alert, name)
    if alert is None:
        masked = desk.practice.is_masked(desk.now())
        known = sorted(
            {
                entry.name
                for entry in desk.ledger.entries()
                if entry.kind == Alert.kind
                and not (masked and desk.read(entry.ref, Alert).is_of_one_site)
            }
        )
        listed = f"Choose one of: {', '.join(known)}" if known else "There is none yet."
        raise DefinitionError(
            f"There is no alert named {name!r}.",
            code="unknown-alert",
            remedies=(listed, "Watch first: rounds problem watch"),
        )
    return desk.publish(alert.model_copy(update={"status": status, "answer": answer}))


def _a_year_before(end: dt.date) -> dt.date:
    following = end + dt.timedelta(days=1)
    return (following - dt.timedelta(days=365)).replace(day=1)


def _change(
    desk: Desk, mart: AnyDatamart, period: Period, owner: str, without: frozenset[str]
) -> Fading | NotEstimable:
    """Watch the last change, if it was adopted, by the measure of its primary end."""
    decided = desk.find(Decision)
    if decided is None or decided.decided != "adopt":
        return NotEstimable(reason="No change has been adopted.")
    evaluated = desk.read(decided.evaluation, Evaluation)
    protocol = desk.read(evaluated.protocol, Protocol)
    return fading(
        desk.read(protocol.primary.measure, Measure),
        mart,
        period,
        evaluated=evaluated,
        decided=decided,
        since=decided.signed_by.at.date(),
        owner=owner,
        without=without,
    )
