"""Colorectal screening: who keeps up with it, by colonoscopy or by a yearly stool test.

It is done, or written down, at the visits that there are anyway, and moves none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from rounds.world.luck import Luck, Stream
from rounds.world.population import NEVER, Clinics, Persons
from rounds.world.problems.codes import COLONOSCOPY, STOOL_TEST

if TYPE_CHECKING:
    from rounds.world.config import WorldConfig
    from rounds.world.population import Integers
    from rounds.world.state import Now, Seen, Table

__all__ = ["MODEL", "Model", "Screening"]


@dataclass(frozen=True, slots=True)
class Model:
    """The figures of the model, all of them assumed."""

    first_age: int = 45
    last_age: int = 75
    clinician_spread: float = 0.2
    svi_slope: float = 0.2
    by_colonoscopy: float = 0.75
    colonoscopy_days: int = 3_650
    stool_test_days: int = 365
    done: float = 0.7
    """At a visit at which it is due, of those who keep up with it."""
    result_median: float = 9.0
    """Of the stool test, in ng/mL."""
    result_spread: float = 1.5


MODEL = Model()


class Screening:
    """Colorectal screening of the persons of a world, from 45 to 75 years.

    Parameters
    ----------
    config : WorldConfig
        `config.screening` says what is planted.
    clinics, persons
        Who there is.
    luck : Luck
        The world's.
    """

    name = "screening"
    conditions = ()
    labs = (STOOL_TEST,)
    medicines = ()
    procedures = (COLONOSCOPY,)

    def __init__(
        self, config: WorldConfig, clinics: Clinics, persons: Persons, luck: Luck
    ) -> None:
        m, planted, who = MODEL, config.screening, persons.index
        self._persons = persons
        clinic = np.arange(len(clinics.weight))
        clinician = np.arange(len(clinics.clinician_clinic))
        own = planted.done_spread * luck.normal(Stream.CLINIC_SCREENED, clinic)
        own = own[clinics.clinician_clinic] + m.clinician_spread * luck.normal(
            Stream.CLINICIAN_SCREENED, clinician
        )
        share = expit(
            logit(planted.done)
            + own[persons.clinician]
            - m.svi_slope * (persons.svi - 0.5)
        )
        self._keeps_up = luck.uniform(Stream.KEEPS_UP, who) < share
        self._by_colonoscopy = luck.uniform(Stream.SCREENED_BY, who) < m.by_colonoscopy
        u = luck.uniform(Stream.SCREENED_BEFORE, who)
        # Whoever has kept up was screened at some day of the last stretch, though not
        # before 45 years; at the data's begin it is due again when that one is over.
        every = np.where(self._by_colonoscopy, m.colonoscopy_days, m.stool_test_days)
        since = -persons.birth_day - 365.25 * m.first_age
        before = -(1 + u * np.minimum(every, since)).astype(int)
        past = self._keeps_up & (since > 0) & (persons.birth_day > -365.25 * 86)
        self._last = np.where(past, before, NEVER)
        self._every = every

    def start(self) -> Table:
        """Give the state on the first day of data."""
        due = np.where(self._last < NEVER, self._last + self._every, 0)
        return {"due_on": np.where(self._keeps_up, due, NEVER)}

    def live(self, now: Now, seen: Seen) -> None:
        """Live one week: the history in the first, and what is done at visits."""
        state, luck = now.state.beside[self.name], now.scene.luck
        if now.week == 0:
            past = np.flatnonzero((self._last < NEVER) & self._by_colonoscopy)
            _record(now, past, self._last[past])
        n = seen.n_outpatients
        rows = np.flatnonzero(state["due_on"][seen.person[:n]] <= seen.day[:n])
        age = self._persons.age_on(seen.person[rows], seen.day[rows])
        rows = rows[(age >= MODEL.first_age) & (age <= MODEL.last_age)]
        u = luck.uniform(Stream.SCREENED, seen.person[rows], now.week)
        rows = rows[u < MODEL.done]
        who, day = seen.person[rows], seen.day[rows]
        state["due_on"][who] = day + self._every[who]
        by_colonoscopy = self._by_colonoscopy[who]
        _record(now, who[by_colonoscopy], day[by_colonoscopy])
        self._test_stool(now, seen, rows[~by_colonoscopy])

    def _test_stool(self, now: Now, seen: Seen, rows: Integers) -> None:
        who = seen.person[rows]
        z = now.scene.luck.normal(Stream.STOOL_RESULT, who, now.week)
        result = MODEL.result_median * np.exp(MODEL.result_spread * z)
        now.records.append(
            "lab",
            {
                "visit": seen.first_row + rows,
                "person": who,
                "lab": np.full(len(who), STOOL_TEST.name),
                "value": np.round(result.astype(float), 0),
            },
        )


def _record(now: Now, person: Integers, day: Integers) -> None:
    """Write colonoscopies down."""
    now.records.append("procedure", {"person": person, "day": day})
