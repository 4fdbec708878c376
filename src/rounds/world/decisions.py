"""What a clinician does at an uncontrolled visit, with and without a card."""

import numpy as np
from scipy.special import expit

from rounds.world.luck import Stream
from rounds.world.orders import renew, stop_last
from rounds.world.population import NEVER, SLOTS
from rounds.world.problems.hypertension import PARAMETERS
from rounds.world.state import (
    Batch,
    Bools,
    Channel,
    Floats,
    Integers,
    Now,
    Scene,
    Seen,
    State,
)

__all__ = ["batch_of", "decide"]


def batch_of(scene: Scene, state: State, seen: Seen) -> Batch:
    """Pick the outpatient encounters of those with hypertension on the problem list."""
    listed = np.flatnonzero(
        scene.persons.onset_day[seen.person[: seen.n_outpatients]]
        <= seen.day[: seen.n_outpatients]
    )
    readings = seen.readings[listed]
    systolic = np.fmin(readings[:, 0, 0], readings[:, 1, 0])
    diastolic = np.fmin(readings[:, 0, 1], readings[:, 1, 1])
    person = seen.person[listed]
    return Batch(
        visit=seen.first_row + listed,
        person=person,
        clinic=seen.clinic[listed],
        clinician=seen.clinician[listed],
        day=seen.day[listed],
        minute=seen.minute[listed],
        systolic=systolic,
        diastolic=diastolic,
        readings=readings,
        current=state.current[person],
        is_uncontrolled=(systolic >= 140) | (diastolic >= 90),
    )


def decide(
    now: Now, batch: Batch, channel: Channel | None, second: Channel | None = None
) -> None:
    """Show cards, let clinicians decide, and make the next appointments."""
    scene, week, state = now.scene, now.week, now.state
    nobody = np.zeros(len(batch.person), dtype=bool)
    called = channel is not None and week >= scene.go_live_week
    shown = channel.shown(week, batch) if called and channel else nobody
    own_p, fatigue = _own(scene, week, state, batch)
    card_p = expit(now.acceptance.intercept + _card_effect(scene, batch)) * fatigue
    luck, who = scene.luck, batch.person
    may = batch.is_uncontrolled & _has_room(state, who)
    own = may & (luck.uniform(Stream.OWN, who, week) < own_p)
    accepted = may & shown & (luck.uniform(Stream.ACCEPT, who, week) < card_p)
    intensified = own | accepted
    state.load *= PARAMETERS.load_decay
    _count_cards(state, batch, shown)
    if called and channel:
        answer = luck.uniform(Stream.ANSWER, who, week)
        channel.answered(accepted, answer, luck.uniform(Stream.REASON, who, week))
    if second is not None and week >= scene.go_live_week:
        seen, followed = _second(now, batch, second, may, fatigue)
        shown, intensified = shown | seen, intensified | followed
    _plan_orders(now, batch, intensified, shown)
    _renew_and_stop(now, batch)
    _appoint(now, batch, shown)
    row = batch.is_uncontrolled
    columns = {
        "visit": batch.visit,
        "person": who,
        "day": batch.day,
        "clinician": batch.clinician,
        "own_p": np.where(may, own_p, 0.0),
        "fatigue": np.where(may, fatigue, 0.0),
        "shown": shown,
        "intensified": intensified,
    }
    now.records.append("decision", {name: c[row] for name, c in columns.items()})


def _count_cards(state: State, batch: Batch, shown: Bools) -> None:
    np.add.at(state.load, batch.clinician[shown], 1.0)
    state.n_cards[batch.person[shown]] += 1


def _second(
    now: Now, batch: Batch, channel: Channel, may: Bools, fatigue: Floats
) -> tuple[Bools, Bools]:
    """Show a second card beside the first; say who saw it, and who followed it.

    It has luck of its own, so whoever follows the one follows the other no more often
    than chance has it.
    """
    luck, who, week = now.scene.luck, batch.person, now.week
    shown = channel.shown(week, batch)
    chance = expit(now.acceptance.second + _card_effect(now.scene, batch)) * fatigue
    accepted = may & shown & (luck.uniform(Stream.ACCEPT_SECOND, who, week) < chance)
    _count_cards(now.state, batch, shown)
    answer = luck.uniform(Stream.ANSWER_SECOND, who, week)
    reason = luck.uniform(Stream.REASON_SECOND, who, week)
    channel.answered(accepted, answer, reason)
    return shown, accepted


def _has_room(state: State, who: Integers) -> Bools:
    """Say who could be given one more drug: five at most, none already decided."""
    has_slot = state.n_ever[who] < SLOTS
    return np.asarray(has_slot & (state.pending_day[who] == NEVER))


def _own(scene: Scene, week: int, state: State, batch: Batch) -> tuple[Floats, Floats]:
    """Give the chance of intensifying unprompted, and the fatigue towards a card."""
    p, clinics, who = PARAMETERS, scene.clinics, batch.person
    logit = (
        p.intensify
        + clinics.process[batch.clinic]
        + clinics.clinician_process[batch.clinician]
        + p.severity_slope * (batch.systolic - 152)
        + p.trend_per_year * (week - scene.go_live_week) / 52
        + (scene.campaign if week >= scene.go_live_week else 0.0)
        + p.svi_process_slope * (scene.persons.svi[who] - 0.5)
    )
    u = scene.luck.uniform(Stream.REMINDERS, who, week)
    others = (u < p.reminders_share).astype(int) + (u < p.reminders_share / 3)
    repeats = np.minimum(state.n_cards[who], 5) + state.load[batch.clinician] / 5
    return expit(logit), p.reminder_fatigue**others * p.repeat_fatigue**repeats


def _card_effect(scene: Scene, batch: Batch) -> Floats:
    """Give each clinician's leaning towards cards, on the logit scale."""
    return scene.clinics.clinician_card[batch.clinician]


def _plan_orders(now: Now, batch: Batch, intensified: Bools, shown: Bools) -> None:
    """Order the same day mostly, else by a call within 20 days."""
    p, luck, week, state = PARAMETERS, now.scene.luck, now.week, now.state
    who = batch.person[intensified]
    late = luck.uniform(Stream.DELAY, who, week) >= p.same_day
    wait = 1 + (p.callback_days * luck.uniform(Stream.DELAY_DAYS, who, week)).astype(
        int
    )
    state.pending_day[who] = batch.day[intensified] + np.where(late, wait, 0)
    state.pending_visit[who] = np.where(late, -1, batch.visit[intensified])
    leaning = now.scene.persons.overshoot[who]
    by_card = shown[intensified] & (leaning < now.acceptance.overshoot)
    state.pending_overshoot[who] = by_card | (leaning > 1 - p.natural_overshoot)


def _renew_and_stop(now: Now, batch: Batch) -> None:
    """Renew at two visits in five; after a low reading end what caused it."""
    state = now.state
    who = batch.person
    again = now.scene.luck.uniform(Stream.RENEW, who, now.week) < 0.4
    renew(now, who[again], batch.day[again], batch.visit[again])
    low = batch.systolic < 100
    over = low & (state.overshoot_until[who] > batch.day)
    state.overshoot_until[who[over]] = -1
    stop_last(state, who[over])


def _appoint(now: Now, batch: Batch, shown: Bools) -> None:
    """Ask nearly half of the uncontrolled to come back in three to eight weeks."""
    luck, week, who = now.scene.luck, now.week, batch.person
    share = np.full(len(who), PARAMETERS.recheck)
    if "missing_outcomes_active" in now.scene.faults:
        share = np.where(shown, 0.3 * share, share)
    back = batch.is_uncontrolled & (luck.uniform(Stream.RECHECK, who, week) < share)
    u = luck.uniform(Stream.RECHECK_WEEK, who, week)
    weeks = PARAMETERS.recheck_first + (PARAMETERS.recheck_weeks * u).astype(int)
    now.state.recheck_week[who[back]] = week + weeks[back]
