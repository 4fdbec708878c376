"""Problem 2: type 2 diabetes: whether HbA1c is tested, where it stands, and statins.

Level on the first day -> drift, drugs, drugs that fail -> true HbA1c -> result ->
clinician. It is lived at the visits that there are anyway, and moves none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit, ndtri

from rounds.world.luck import Luck, Stream
from rounds.world.population import NEVER, Clinics, Persons, onset_day
from rounds.world.problems.codes import (
    DIABETES,
    HBA1C,
    MEDICINES,
    ORAL_DRUGS,
    STATIN,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.world.config import WorldConfig
    from rounds.world.population import Integers
    from rounds.world.state import Now, Seen, Table

__all__ = ["MODEL", "Diabetes", "Model"]

_REFILL_WEEKS = 26
_CALLED_IN = -1
_STATIN = MEDICINES.index(STATIN)
_STATIN_AGE = 40


@dataclass(frozen=True, slots=True)
class Model:
    """The figures of the model; each is cited in the README or marked assumed there."""

    prevalence: float = -2.3
    """Logit at 55 years, without hypertension."""
    prevalence_slope: float = 0.03
    hypertension: float = 0.9
    lowest: float = 5.2
    """HbA1c, in %, above which levels are log-normal."""
    spread: float = 1.0
    svi_slope: float = 0.15
    drift_per_year: float = 0.08
    drug_drop: float = 0.5
    drug_drop_range: float = 0.75
    failure_per_year: float = 0.17
    failure: float = 0.5
    noise: float = 0.2
    test_gap_days: int = 90
    visits_that_count: float = 0.9
    """Share of expected visits over which the chance of a test is spread."""
    clinician_spread: float = 0.2
    act_from: float = 8.0
    acted_on: float = 0.2
    statin_start: float = 0.018
    statin_stop: float = 0.015


MODEL = Model()


class Diabetes:
    """Type 2 diabetes among the persons of a world.

    Parameters
    ----------
    config : WorldConfig
        `config.diabetes` says what is planted.
    clinics, persons
        Who there is.
    luck : Luck
        The world's.
    """

    name = "diabetes"
    labs = (HBA1C,)
    medicines = MEDICINES
    procedures = ()

    def __init__(
        self, config: WorldConfig, clinics: Clinics, persons: Persons, luck: Luck
    ) -> None:
        m, planted, who = MODEL, config.diabetes, persons.index
        self._persons = persons
        age = -persons.birth_day / 365.25
        risk = m.prevalence + m.prevalence_slope * (age - 55)
        risk = risk + m.hypertension * persons.hypertensive
        has = luck.uniform(Stream.DIABETES, who) < expit(risk)
        onset = onset_day(luck.uniform(Stream.DIABETES_ONSET, who), has)
        self.onset_day = np.where(onset <= persons.death_day, onset, NEVER)
        """Day diabetes enters the problem list, shape (people,); `NEVER` for most."""
        as_snomed = luck.uniform(Stream.DIABETES_LISTED_AS, who) < 0.3
        self.conditions = (
            (DIABETES[0], np.where(as_snomed, NEVER, self.onset_day)),
            (DIABETES[1], np.where(as_snomed, self.onset_day, NEVER)),
        )
        self._who = np.flatnonzero(self.onset_day < NEVER)
        svi = persons.svi - 0.5
        clinic = np.arange(len(clinics.weight))
        clinician = np.arange(len(clinics.clinician_clinic))
        tested = logit(planted.tested) + planted.tested_spread * luck.normal(
            Stream.CLINIC_TESTED, clinic
        )
        self._tested = tested[clinics.clinician_clinic] + m.clinician_spread * (
            luck.normal(Stream.CLINICIAN_TESTED, clinician)
        )
        statin = planted.statin_spread * luck.normal(Stream.CLINIC_STATIN, clinic)
        statin = statin[clinics.clinician_clinic] + m.clinician_spread * (
            luck.normal(Stream.CLINICIAN_STATIN, clinician)
        )
        self._statin = statin[persons.clinician] - m.svi_slope * svi
        self._takes_statin = expit(logit(planted.statin) + self._statin)
        control = planted.control_spread * luck.normal(Stream.CLINIC_HBA1C, clinic)
        self._own = luck.normal(Stream.HBA1C, who)
        centre = np.log(9 - m.lowest) - m.spread * ndtri(1 - planted.above_nine)
        centre = centre + control[persons.clinic] + m.svi_slope * svi
        self._base = m.lowest + np.exp(centre + m.spread * self._own)
        self._luck = luck

    def start(self) -> Table:
        """Give the state on the first day of data."""
        luck, who = self._luck, self._persons.index
        listed = self.onset_day <= 0
        old_enough = self._persons.age_on(who, 0) >= _STATIN_AGE
        needed = 0.8 + 0.6 * self._own + 0.7 * luck.normal(Stream.ORAL_DRUGS, who)
        takes = luck.uniform(Stream.STATIN, who) < self._takes_statin
        return {
            "tested_on": np.full(len(who), -NEVER),
            "result": np.full(len(who), np.nan),
            "shift": np.zeros(len(who)),
            "n_drugs": np.where(listed, np.clip(needed, 0, 2), 0).astype(np.int8),
            "statin": listed & old_enough & takes,
        }

    def live(self, now: Now, seen: Seen) -> None:
        """Live one week: refills, drugs that fail, and what is done at visits."""
        state = now.state.beside[self.name]
        self._refill(now, state)
        self._fail(now, state)
        n = seen.n_outpatients
        rows = np.flatnonzero(self.onset_day[seen.person[:n]] <= seen.day[:n])
        self._test(now, state, seen, rows)
        self._intensify(now, state, seen, rows)
        self._start_statins(now, state, seen, rows)

    def level(self, state: Table, who: Integers, day: Integers) -> NDArray[Any]:
        """Give the true HbA1c, in %."""
        drift = MODEL.drift_per_year / 365.25 * day
        return np.asarray(self._base[who] + drift + state["shift"][who])

    def _refill(self, now: Now, state: Table) -> None:
        """Renew by telephone every 26 weeks; a few stop their statin."""
        week, persons = now.week, self._persons
        mine = self._who
        mine = mine[(week + persons.refill_phase[mine]) % _REFILL_WEEKS == 0]
        who = mine[persons.death_day[mine] >= 7 * week + 7]
        stops = now.scene.luck.uniform(Stream.STATIN_STOP, who, week)
        state["statin"][who[stops < MODEL.statin_stop]] = False
        row, drug = np.nonzero(state["n_drugs"][who][:, None] > np.arange(3))
        on_statin = who[state["statin"][who]]
        person = np.concatenate([who[row], on_statin])
        medicine = np.concatenate([drug, np.full(len(on_statin), _STATIN)])
        none = np.full(len(person), _CALLED_IN)
        _prescribe(now, person, 7 * week + person % 5, medicine, none)

    def _fail(self, now: Now, state: Table) -> None:
        """Let drugs fail of those who take any."""
        takers = self._who[state["n_drugs"][self._who] > 0]
        u = now.scene.luck.uniform(Stream.DRUG_FAILS, takers, now.week)
        state["shift"][takers[u < MODEL.failure_per_year / 52]] += MODEL.failure

    def _test(self, now: Now, state: Table, seen: Seen, rows: Integers) -> None:
        """Test whom it is due, so that the planted share is tested within a year.

        A clinician who sees someone often spreads the chance over their visits.
        """
        luck, persons = now.scene.luck, self._persons
        due = state["tested_on"][seen.person[rows]] + MODEL.test_gap_days
        rows = rows[due <= seen.day[rows]]
        who, day = seen.person[rows], seen.day[rows]
        svi = MODEL.svi_slope * (persons.svi[who] - 0.5)
        in_a_year = expit(self._tested[seen.clinician[rows]] - svi)
        visits = np.maximum(MODEL.visits_that_count * 52 * persons.visit_rate[who], 1.0)
        at_this = 1 - (1 - in_a_year) ** (1 / visits)
        tested = luck.uniform(Stream.TESTED, who, now.week) < at_this
        rows, who, day = rows[tested], who[tested], day[tested]
        noise = MODEL.noise * luck.normal(Stream.HBA1C_NOISE, who, now.week)
        result = np.round(self.level(state, who, day) + noise, 1)
        state["tested_on"][who] = day
        state["result"][who] = result = np.clip(result, 4.0, 18.0)
        now.records.append(
            "lab",
            {
                "visit": seen.first_row + rows,
                "person": who,
                "lab": np.full(len(who), HBA1C.name),
                "value": result,
            },
        )

    def _intensify(self, now: Now, state: Table, seen: Seen, rows: Integers) -> None:
        """Add a drug for some of those whose last result asks for it, once a result."""
        luck = now.scene.luck
        who = seen.person[rows]
        high = state["result"][who] >= MODEL.act_from
        may = high & (state["n_drugs"][who] < len(ORAL_DRUGS))
        u = luck.uniform(Stream.HBA1C_ACTED_ON, who, now.week)
        rows = rows[may & (u < MODEL.acted_on)]
        who = seen.person[rows]
        drop = MODEL.drug_drop_range * luck.uniform(Stream.DRUG_DROP, who)
        state["shift"][who] -= MODEL.drug_drop + drop
        state["result"][who] = np.nan
        added = state["n_drugs"][who].astype(np.int64)
        state["n_drugs"][who] += 1
        _prescribe(now, who, seen.day[rows], added, seen.first_row + rows)

    def _start_statins(
        self, now: Now, state: Table, seen: Seen, rows: Integers
    ) -> None:
        """Start a statin at a few of the visits of those without, from 40 years on."""
        rows = rows[~state["statin"][seen.person[rows]]]
        who, day = seen.person[rows], seen.day[rows]
        u = now.scene.luck.uniform(Stream.STATIN_START, who, now.week)
        starts = u < expit(logit(MODEL.statin_start) + self._statin[who])
        starts &= self._persons.age_on(who, day) >= _STATIN_AGE
        rows, who, day = rows[starts], who[starts], day[starts]
        state["statin"][who] = True
        statin = np.full(len(who), _STATIN)
        _prescribe(now, who, day, statin, seen.first_row + rows)


def _prescribe(
    now: Now, person: Integers, day: Integers, medicine: Integers, visit: Integers
) -> None:
    now.records.append(
        "prescription",
        {"person": person, "day": day, "medicine": medicine, "visit": visit},
    )
