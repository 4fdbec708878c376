"""The truth of a trial in which each visit was randomised, given its history.

A visit's potential outcomes are those with the card at it and without, everything
before it as it was lived, and every later visit with the card it had. One of the two
was lived. The other is found by living on from that visit with its card turned round.
A week's visits are turned round together: a person comes at most once a week, and all
decide before anybody's new cards tire a clinician, so that each visit's outcome is
exactly what it would have been alone, but for a second visit within the fortnight.

Outcomes of long windows are of each person's first visit: the trial is lived once
more with every first visit turned round. Persons meet through their clinician's
fatigue, which hardly changes, as about as many cards are shown.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from rounds.world.calls import is_due
from rounds.world.config import WEEKS_FOLLOW_UP, WorldConfig
from rounds.world.records import Records
from rounds.world.state import (
    Acceptance,
    Batch,
    Bools,
    Floats,
    Integers,
    Now,
    Scene,
    State,
)
from rounds.world.trial_population import (
    Outcomes,
    VisitOutcomes,
    outcomes,
    visit_outcomes,
)
from rounds.world.week import live_week

__all__ = ["Replayed", "first_visits_turned", "visits_turned"]

_WEEKS_OF_WINDOW = 3
"""The week of a visit, and those in which its 14 days end."""
Turned = Callable[[int, Batch], Bools]
Found = TypeVar("Found", Outcomes, VisitOutcomes)


class Replayed:
    """What was shown in a trial, shown again; at some visits the other way round.

    Parameters
    ----------
    scene : Scene
        Who there is.
    lived : Records
        What happened in the trial.
    turned : callable, optional
        Week and batch → the visits whose card is turned round, shape (n,).
    """

    def __init__(
        self, scene: Scene, lived: Records, turned: Turned | None = None
    ) -> None:
        self._scene = scene
        self._turned = turned
        table = lived.table("decision")
        who, week = table["person"][table["shown"]], table["day"][table["shown"]] // 7
        self._given = {int(w): who[week == w] for w in np.unique(week)}

    def given(self, week: int, who: Integers) -> Bools:
        """Say who of these was shown a card that week, shape (n,)."""
        return np.isin(who, self._given.get(week, np.zeros(0, dtype=who.dtype)))

    def shown(self, week: int, batch: Batch) -> Bools:
        """Say at which encounters a card is shown, shape (n,)."""
        given = self.given(week, batch.person)
        if self._turned is None:
            return given
        other = is_due(self._scene, batch) & ~given
        return np.where(self._turned(week, batch), other, given)

    def answered(self, accepted: Bools, answer: Floats, reason: Floats) -> None:
        """Keep nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class _Past:
    """A trial that was lived, and all that living it again needs."""

    config: WorldConfig
    scene: Scene
    at_go_live: tuple[State, Records]
    acceptance: Acceptance
    lived: Records

    def live(self, week: int, state: State, records: Records, by: Replayed) -> None:
        """Live one week again."""
        live_week(Now(self.scene, week, state, records, self.acceptance), by)

    @property
    def weeks(self) -> range:
        """Of enrolment."""
        start = self.scene.go_live_week
        return range(start, start + self.config.weeks)


def visits_turned(
    config: WorldConfig,
    scene: Scene,
    at_go_live: tuple[State, Records],
    acceptance: Acceptance,
    lived: Records,
) -> tuple[VisitOutcomes, VisitOutcomes]:
    """Give the outcomes of every eligible visit with the card and without it.

    Parameters
    ----------
    at_go_live : tuple of State and Records
        As the trial began.
    lived : Records
        What happened until its end.

    Returns
    -------
    tuple of two VisitOutcomes
        With the card, without; the same visits in the same order.
    """
    past = _Past(config, replace(scene, beside=()), at_go_live, acceptance, lived)
    weeks, again = past.weeks, Replayed(scene, lived)
    state, records = at_go_live[0].copy(), at_go_live[1].copy()
    parts = []
    for week in weeks:
        parts.append(_week_turned(past, week, state.copy(), records.copy()))
        past.live(week, state, records, again)
    turned = _together(parts)
    as_lived = visit_outcomes(scene, lived, 7 * weeks.start, 7 * weeks.stop)
    assert np.array_equal(turned.person, as_lived.person)
    assert np.array_equal(turned.index_day, as_lived.index_day)
    return _with_and_without(as_lived, turned, again)


def _week_turned(
    past: _Past, week: int, state: State, records: Records
) -> VisitOutcomes:
    """Live on from a week whose visits have the other arm."""

    def turned(at: int, batch: Batch) -> Bools:
        return np.full(len(batch.person), at == week)

    other = Replayed(past.scene, past.lived, turned)
    for at in range(week, week + _WEEKS_OF_WINDOW):
        past.live(at, state, records, other)
    return visit_outcomes(past.scene, records, 7 * week, 7 * week + 7)


def _together(parts: list[VisitOutcomes]) -> VisitOutcomes:
    """Join the visits of several weeks, by day and person."""
    columns = {
        one.name: np.concatenate([getattr(part, one.name) for part in parts])
        for one in fields(VisitOutcomes)
    }
    order = np.lexsort((columns["person"], columns["index_day"]))
    return VisitOutcomes(**{name: values[order] for name, values in columns.items()})


def first_visits_turned(
    config: WorldConfig,
    scene: Scene,
    at_go_live: tuple[State, Records],
    acceptance: Acceptance,
    lived: Records,
) -> tuple[Outcomes, Outcomes]:
    """Give the outcomes after each person's first visit with the card and without it.

    Parameters
    ----------
    config, scene, at_go_live, acceptance, lived
        As of `visits_turned`.

    Returns
    -------
    tuple of two Outcomes
        With the card at that visit, without; the same persons in the same order.
    """
    past = _Past(config, replace(scene, beside=()), at_go_live, acceptance, lived)
    start, stop = 7 * past.weeks.start, 7 * past.weeks.stop
    as_lived = outcomes(scene, lived, start, stop)
    week_of = np.full(len(scene.persons.index), -1)
    week_of[as_lived.person] = as_lived.index_day // 7

    def turned(week: int, batch: Batch) -> Bools:
        return np.asarray(week_of[batch.person] == week)

    state, records = at_go_live[0].copy(), at_go_live[1].copy()
    other = Replayed(scene, lived, turned)
    for week in range(past.weeks.start, past.weeks.stop + WEEKS_FOLLOW_UP):
        past.live(week, state, records, other)
    found = outcomes(scene, records, start, stop)
    assert np.array_equal(found.person, as_lived.person)
    assert np.array_equal(found.index_day, as_lived.index_day)
    return _with_and_without(as_lived, found, other)


def _with_and_without(
    as_lived: Found, turned: Found, replayed: Replayed
) -> tuple[Found, Found]:
    """Sort what was lived and what was not into with the card and without."""
    weeks = as_lived.index_day // 7
    given = np.zeros(len(weeks), dtype=bool)
    for week in np.unique(weeks):
        rows = weeks == week
        given[rows] = replayed.given(int(week), as_lived.person[rows])
    pairs = {
        one.name: (getattr(as_lived, one.name), getattr(turned, one.name))
        for one in fields(as_lived)
    }
    kind = type(as_lived)
    return (
        kind(**{name: np.where(given, a, b) for name, (a, b) in pairs.items()}),
        kind(**{name: np.where(given, b, a) for name, (a, b) in pairs.items()}),
    )
