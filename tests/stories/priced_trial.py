"""Made trials in which every visit has its price, and the true net benefit is known."""

from dataclasses import replace

import numpy as np

from rounds.loop.evaluation import TrialRows
from rounds.nouns import (
    CostItem,
    Costs,
    DecisionRule,
    Events,
    Price,
    ProgrammeCost,
)
from stories import encounter_trial, factorial_trial, trial

CARD, VISIT, SHARE = 3.0, 40.0, 2.5
MORE = 0.1
"""Visits more that the card leads to by itself; each intensified is one more."""


def price(value, spread=0.0):
    """Give a price, with ± spread as its 95% interval."""
    if not spread:
        return Price(value=value, source="made")
    return Price(value=value, lower=value - spread, upper=value + spread, source="made")


def costs(*, spread=0.0, low_value=False, **changes):
    """Give costs of cards, visits and a programme of 2.50 a patient."""
    given = {
        "perspective": "the health system",
        "currency": "SEK",
        "price_year": 2025,
        "discount_rate": 0.03,
        "worth": 400.0,
        "worth_source": "made",
        "minutes_per_card": price(0.5),
        "patients_a_year": 1000,
        "programme": (ProgrammeCost(name="Upkeep", price=price(1000 * SHARE)),),
        "items": (
            CostItem(name="Card", counts="cards", unit_cost=price(CARD)),
            CostItem(
                name="Visits",
                counts="events",
                events=Events(domain="visit"),
                unit_cost=price(VISIT, spread),
                low_value=low_value,
            ),
        ),
    }
    return Costs(**(given | changes))


def protocol(*, weighing=None, **changes):
    """Give the protocol of the made trials, with costs."""
    rule = DecisionRule(least_worthwhile=0.02, weighing=weighing)
    return trial.protocol(costs=costs(), decision_rule=rule, **changes)


def truth(world, worth=400.0):
    """Give the true effect, cost and net benefit of a participant."""
    cost = CARD + SHARE + VISIT * (MORE + world.effect)
    return world.effect, cost, worth * world.effect - cost


def made(world, seed) -> TrialRows:
    """Give the rows of a made trial, with the visits of each participant.

    Clinics differ in their visits, and who is intensified comes once more: cost and
    effect go together within clinics.
    """
    rows = trial.made(world, seed)
    chief = rows.endpoints[str(trial.PRIMARY)]
    rng = np.random.default_rng([seed, 7])
    names, clinic = np.unique(chief.care_site, return_inverse=True)
    often = 1.5 * np.exp(0.2 * rng.normal(size=len(names)))[clinic]
    active = np.array(
        [rows.allocation[name][0] == "active" for name in chief.care_site]
        if world.unit == "clinic"
        else [
            rows.allocation[name][0] == "active" for name in chief.person_source_value
        ]
    )
    visits = rng.poisson(often) + (rng.random(len(active)) < MORE * active)
    visits = visits + np.nan_to_num(chief.value)
    counted = replace(chief, value=visits.astype(float), observed=np.ones_like(active))
    return replace(rows, resources={"Visits": counted})


def protocol_of_visits(**changes):
    """Give the same of trials in which each visit is randomised."""
    return encounter_trial.protocol(costs=costs(), **changes)


def made_visits(world, seed) -> TrialRows:
    """Give a made trial of visits, each with the visits that came after it.

    Patients differ in how often they come, and one patient's visits in what follows.
    """
    rows = encounter_trial.made(world, seed)
    chief = rows.endpoints[str(trial.PRIMARY)]
    rng = np.random.default_rng([seed, 7])
    often = 1.5 * np.exp(0.4 * rng.normal(size=chief.person_id.max() + 1))
    unit = dict(
        zip(
            _keys(rows.calls.person_source_value, rows.calls.occurred),
            rows.calls.arm == "active",
            strict=True,
        )
    )
    keys = _keys(chief.person_source_value, chief.index_date)
    active = np.array([unit[key] for key in keys])
    visits = rng.poisson(often[chief.person_id]) + (
        rng.random(len(active)) < MORE * active
    )
    visits = visits + np.nan_to_num(chief.value)
    counted = replace(chief, value=visits.astype(float), observed=np.ones_like(active))
    # As a datamart gives them, in an order of its own.
    return replace(rows, resources={"Visits": _shuffled(counted, rng)})


def _keys(person, when):
    return list(zip(person.tolist(), when.astype("M8[D]").tolist(), strict=True))


def _shuffled(rows, rng):
    order = rng.permutation(len(rows))
    return replace(
        rows,
        **{
            name: value[order]
            for name in rows.names()
            if isinstance(value := getattr(rows, name), np.ndarray)
        },
    )


LETTER, LATER = 4.0, 0.2
"""The second card's own programme, a patient; and the visits that it leads to."""


def protocol_of_two(**changes):
    """Give the same of trials of two cards, of which the second has a programme more."""
    own = ProgrammeCost(name="Letters", price=price(1000 * LETTER), card="second")
    both = costs()
    both = costs(programme=(*both.programme, own))
    return factorial_trial.protocol(costs=both, **changes)


def made_two(world, seed) -> TrialRows:
    """Give a made trial of two cards, with the visits of each participant."""
    rows = factorial_trial.made(world, seed)
    chief = rows.endpoints[str(trial.PRIMARY)]
    rng = np.random.default_rng([seed, 7])
    names, clinic = np.unique(chief.care_site, return_inverse=True)
    often = 1.5 * np.exp(0.2 * rng.normal(size=len(names)))[clinic]
    cells = np.array([rows.allocation[name][0] for name in chief.care_site])
    more = MORE * np.isin(cells, ("first", "both"))
    later = LATER * np.isin(cells, ("second", "both"))
    n = len(cells)
    visits = rng.poisson(often) + (rng.random(n) < more) + (rng.random(n) < later)
    visits = visits + np.nan_to_num(chief.value)
    counted = replace(chief, value=visits.astype(float), observed=np.ones(n, bool))
    return replace(rows, resources={"Visits": counted})


def truth_of_two(world):
    """Give effect, cost and net benefit of the first card and of the second."""
    found = []
    effects = zip(world.at_margins, (MORE, LATER), (0.0, LETTER), strict=True)
    for effect, visits, own in effects:
        cost = CARD + SHARE + own + VISIT * (visits + effect)
        found.append((effect, cost, 400.0 * effect - cost))
    return found


def with_clinicians(rows: TrialRows, each=3) -> TrialRows:
    """Give the same with a clinician, of `each` at the clinic, named in every call."""
    calls = rows.calls
    number = np.arange(len(calls)) % each
    names = np.array(
        [f"{clinic}/{k}" for clinic, k in zip(calls.clinic, number, strict=True)]
    )
    return replace(rows, calls=replace(calls, clinician=names))
