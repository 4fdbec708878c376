"""Drugs on paper: refills, renewals at visits, and the new ones that were decided."""

import numpy as np

from rounds.world.luck import Stream
from rounds.world.population import NEVER, SLOTS
from rounds.world.problems.hypertension import PARAMETERS
from rounds.world.state import Integers, Now, State

__all__ = ["order_due", "refill", "renew", "stop_last"]

REFILL_WEEKS = 26
CALLED_IN = -1


def refill(now: Now) -> None:
    """Renew by telephone what each person takes, every 26 weeks; a few stop a drug.

    So every drug that is taken is on record at least twice a year, also of persons
    who do not visit, and a first order of a code is a new drug.
    """
    scene, week, state = now.scene, now.week, now.state
    persons = scene.persons
    who = np.flatnonzero(
        ((week + persons.refill_phase) % REFILL_WEEKS == 0)
        & (state.current > 0)
        & (persons.death_day >= 7 * week + 7)
    )
    per_drug = PARAMETERS.stop_at_refill
    u = scene.luck.uniform(Stream.STOP, who, week)
    stop_last(state, who[u < per_drug * np.bitwise_count(state.current[who])])
    day = np.full(len(who), 7 * week) + who % 5
    renew(now, who, day, np.full(len(who), CALLED_IN))


def renew(now: Now, who: Integers, day: Integers, visit: Integers) -> None:
    """Order again, under the same codes, everything that these persons take."""
    taken = (now.state.current[who][:, None] >> np.arange(SLOTS)) & 1
    row, slot = np.nonzero(taken)
    person = who[row]
    now.records.append(
        "order",
        {
            "person": person,
            "day": day[row],
            "drug": now.scene.persons.slots[person, slot],
            "visit": visit[row],
        },
    )


def stop_last(state: State, who: Integers) -> None:
    """Stop the drug of the highest slot of each of these persons."""
    current = state.current[who]
    for shift in (1, 2, 4):
        current = current | (current >> shift)
    highest = current ^ (current >> 1)
    state.current[who] &= ~highest


def order_due(now: Now) -> None:
    """Order the decided drugs whose day falls before the end of this week."""
    scene, week, state = now.scene, now.week, now.state
    who = np.flatnonzero(state.pending_day < 7 * week + 7)
    if not len(who):
        return
    day, visit = state.pending_day[who].copy(), state.pending_visit[who].copy()
    state.pending_day[who] = NEVER
    alive = scene.persons.death_day[who] > day
    who, day, visit = who[alive], day[alive], visit[alive]
    slot = state.n_ever[who]
    state.n_ever[who] = slot + 1
    state.current[who] |= np.left_shift(1, slot, dtype=np.uint8)
    now.records.append(
        "order",
        {
            "person": who,
            "day": day,
            "drug": scene.persons.slots[who, slot],
            "visit": visit,
        },
    )
    over = state.pending_overshoot[who]
    low, since = who[over], day[over]
    state.overshoot_until[low] = since + PARAMETERS.overshoot_days
    state.is_dizzy[low] = True
    weeks = 1 + (4 * scene.luck.uniform(Stream.DIZZY, low, week)).astype(int)
    state.recheck_week[low] = week + weeks
