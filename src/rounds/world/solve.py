"""How the planted effect and harm become a clinician's acceptance and an overshoot."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from rounds.world.config import WorldConfig
from rounds.world.problems.hypertension import PARAMETERS
from rounds.world.records import Records
from rounds.world.state import Acceptance, Integers, Scene

__all__ = ["first_in_window", "solve_acceptance"]

_HIGHEST = 12.0


def first_in_window(person: Integers, day: Integers, start: int, end: int) -> Integers:
    """Give the row of each person's first entry with start <= day < end.

    Parameters
    ----------
    person, day : array of int, shape (n,)
        Entries in any order, at most one a person and day.
    start, end : int
        Days.

    Returns
    -------
    array of int, shape (n_persons,)
        Rows, by person.

    Examples
    --------
    >>> import numpy as np
    >>> first_in_window(np.array([2, 1, 1]), np.array([3, 5, 4]), 0, 9).tolist()
    [2, 0]
    """
    rows = np.flatnonzero((day >= start) & (day < end))
    rows = rows[np.lexsort((day[rows], person[rows]))]
    _, first = np.unique(person[rows], return_index=True)
    return rows[first]


def solve_acceptance(config: WorldConfig, scene: Scene, records: Records) -> Acceptance:
    """Solve for what gives the planted effect and harm, from the weeks before go-live.

    The persons who would have been in the trial had it begun earlier stand for those
    who will be in it. The truth is never taken from this: it is counted from the
    potential outcomes.
    """
    table = records.table("decision")
    end = 7 * scene.go_live_week
    start = max(0, end - 7 * min(config.weeks, scene.go_live_week))
    index = first_in_window(table["person"], table["day"], start, end)
    index = _of_trial_age(scene, table["person"], table["day"], index)
    if not len(index):
        return Acceptance()
    own_p, fatigue = table["own_p"][index], table["fatigue"][index]
    leaning = scene.clinics.clinician_card[table["clinician"][index]]
    factor = PARAMETERS.effect_factor

    def intercept_of(effect: float) -> float:
        def expected(intercept: float) -> float:
            added = (1 - own_p) * expit(intercept + leaning) * fatigue
            return float(factor * added.mean() - effect)

        if effect <= 0:
            return -np.inf
        reachable = expected(_HIGHEST) > 0
        return float(brentq(expected, -12.0, _HIGHEST)) if reachable else _HIGHEST

    exposed = _exposed_share(config, scene, records, index)
    overshoot = PARAMETERS.harm_factor * config.harm / exposed if exposed else 0.0
    return Acceptance(
        intercept_of(config.effect),
        float(min(overshoot, 1.0)),
        intercept_of(config.second_effect or 0.0),
    )


def _of_trial_age(
    scene: Scene, person: Integers, day: Integers, rows: Integers
) -> Integers:
    """Keep the rows of persons aged 18 to 85."""
    age = scene.persons.age_on(person[rows], day[rows])
    return rows[(age >= 18) & (age <= 85)]


def _exposed_share(
    config: WorldConfig, scene: Scene, records: Records, index: Integers
) -> float:
    """Expect the share intensified beside a card within eight weeks of the first visit.

    The share intensified without cards, counted before go-live, is raised by what
    cards add to the first visit, in proportion.
    """
    table = records.table("decision")
    first_day = np.full(len(scene.persons.index), 1 << 20)
    first_day[table["person"][index]] = table["day"][index]
    since = table["day"] - first_day[table["person"]]
    hit = table["intensified"] & (since >= 0) & (since <= 56)
    share = len(np.unique(table["person"][hit])) / len(index)
    at_first = float(table["own_p"][index].mean())
    return share * (1 + config.effect / at_first) if at_first else config.effect
