"""Arms for those who would have been enrolled, drawn as each rollout design draws them.

The draws of `loop.change.rollouts` come from a committed seed, which nobody may have
here; these come from a generator. Which allocations are possible, and how likely each
is, is the same (`tests/unit/test_evaluation_feasibility.py` holds one against the
other).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.arms.schedules import place
from rounds.loop.evaluation.feasibility.past import Past
from rounds.loop.evaluation.participants import Participants
from rounds.methods.allocations.constrained_allocations import (
    admitted_up_to,
    all_allocations,
    drawn_allocations,
    imbalance,
    n_allocations,
    together,
)
from rounds.methods.allocations.minimisation import MarginalTotals
from rounds.methods.allocations.pairing import optimal_pairs
from rounds.nouns import Design, Factors, age_band

__all__ = ["Draw", "draw_of"]

Draw = Callable[[np.random.Generator], Participants]
"""Gives those who are enrolled, with their arms; those left out are gone."""

_Table = tuple[tuple[float, ...], ...]

_MOST_CANDIDATES, _FEWEST_ADMITTED, _FEWEST_PAIRS = 50_000, 40, 2
"""As the rollouts have them."""


def draw_of(design: Design, people: Participants, past: Past) -> Draw:
    """Give what draws the arms of a design, again and again.

    Parameters
    ----------
    design : Design
        Unit, allocation, strata and schedule; the days of a schedule are of the trial.
    people : Participants
        Who would have been enrolled.
    past : Past
        What is known of the clinics.

    Raises
    ------
    ValueError
        If the site's clinics, or what is known of them, do not allow the design.
    """
    if design.unit != "clinic":
        if design.allocation == "minimisation":
            return _minimised(design, people)
        return _patients(design, people)
    clinics = _Clinics.of(design, people, past)
    if design.factors is not None:
        return _in_cells(clinics)
    if design.schedule is not None:
        return _in_sequences(design, clinics, past)
    if design.allocation == "matched_pairs":
        return _pairs(design, clinics, past)
    if design.allocation == "covariate_constrained":
        return _constrained(design, clinics, past)
    return _blocks(design, clinics)


@dataclass(frozen=True, repr=False)
class _Clinics:
    """The clinics that are randomised, in the order of their names, and their people.

    All clinics with a baseline are allocated; of some nobody may be enrolled.
    """

    names: list[str]
    strata: NDArray[np.str_]
    people: Participants
    """Those at such a clinic."""
    codes: NDArray[np.intp]
    """The place of each one's clinic."""

    @classmethod
    def of(cls, design: Design, people: Participants, past: Past) -> "_Clinics":
        names = sorted(past.strata)
        if len(names) < 2:
            raise ValueError(f"{len(names)} clinic(s) can be randomised, two at least")
        people = people.where(np.isin(people.clinic, np.array(names)))
        stratified = design.strata or (
            design.allocation == "permuted_blocks"  # as the rollout stratifies
        )
        strata = np.array([past.strata[n] if stratified else "all" for n in names])
        codes = np.searchsorted(np.array(names), people.clinic).astype(np.intp)
        return cls(names, strata, replace(people, stratum=strata[codes]), codes)

    def in_arms(self, active: NDArray[np.bool_]) -> Participants:
        return replace(self.people, active=active[self.codes])


def _block_arms(
    n: int, sizes: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Give the first n places of permuted blocks of random sizes."""
    each = rng.choice(np.array(sizes), size=n // min(sizes) + 1)
    block = np.repeat(np.arange(len(each)), each)
    order = np.lexsort((rng.random(len(block)), block))
    starts = np.cumsum(each) - each
    arms = np.zeros(len(block), dtype=bool)
    arms[order] = np.arange(len(block)) - starts[block] < each[block] // 2
    return arms[:n]


def _blocks(design: Design, clinics: _Clinics) -> Draw:
    def draw(rng: np.random.Generator) -> Participants:
        active = np.zeros(len(clinics.names), dtype=bool)
        for stratum in np.unique(clinics.strata):
            members = np.flatnonzero(clinics.strata == stratum)
            active[members] = _block_arms(len(members), design.block_sizes, rng)
        return clinics.in_arms(active)

    return draw


def _pairs(design: Design, clinics: _Clinics, past: Past) -> Draw:
    table = _known(design, clinics, past)
    pairs: list[tuple[int, int]] = []
    for stratum in np.unique(clinics.strata):
        members = np.flatnonzero(clinics.strata == stratum)
        if len(members) > 1:
            found = _paired(tuple(table[i] for i in members))
            pairs += [(int(members[a]), int(members[b])) for a, b in found]
    if len(pairs) < _FEWEST_PAIRS:
        raise ValueError(f"{len(pairs)} pair(s) of clinics can be made, two at least")
    pair_of = np.full(len(clinics.names), -1)
    for number, (a, b) in enumerate(pairs):
        pair_of[[a, b]] = number
    of_person = pair_of[clinics.codes]
    labels = np.array([f"pair-{number + 1:03d}" for number in range(len(pairs))])
    people = replace(clinics.people, stratum=labels[of_person]).where(of_person >= 0)
    first = np.array([a for a, _ in pairs])
    pair = of_person[of_person >= 0]
    is_first = first[pair] == clinics.codes[of_person >= 0]

    def draw(rng: np.random.Generator) -> Participants:
        coins = rng.random(len(pairs)) < 0.5
        return replace(people, active=coins[pair] == is_first)

    return draw


@lru_cache(maxsize=8)
def _paired(table: _Table) -> list[tuple[int, int]]:
    """Pair what is alike; kept, since pairs are the same for any number of weeks."""
    return optimal_pairs(table)[0]


@lru_cache(maxsize=8)
def _admitted(
    strata: tuple[str, ...], table: _Table, fraction: float
) -> NDArray[np.bool_]:
    """List the constrained set, of candidates that are drawn once, or refuse it."""
    if n_allocations(strata) <= _MOST_CANDIDATES:
        candidates = all_allocations(strata)
    else:
        shape = (_MOST_CANDIDATES, len(strata) + len(set(strata)))
        numbers = np.random.default_rng(0).integers(0, 2**63, shape, dtype=np.uint64)
        candidates = drawn_allocations(strata, numbers)
    scores = imbalance(candidates, table)
    admitted: NDArray[np.bool_] = candidates[scores <= admitted_up_to(scores, fraction)]
    if len(admitted) < _FEWEST_ADMITTED:
        raise ValueError(
            f"of {len(candidates)} allocations only {len(admitted)} are admitted, and "
            f"{_FEWEST_ADMITTED} are needed"
        )
    pair = np.triu_indices(admitted.shape[1], 1)
    free, shares = together(candidates)[pair], together(admitted)[pair]
    if (np.isin(shares, (0.0, 1.0)) & ~np.isin(free, (0.0, 1.0))).any():
        raise ValueError("two clinics are always, or never, in one arm")
    return admitted


def _constrained(design: Design, clinics: _Clinics, past: Past) -> Draw:
    table = _known(design, clinics, past)
    strata = tuple(clinics.strata.tolist())
    admitted = _admitted(strata, table, design.constrained_fraction)

    def draw(rng: np.random.Generator) -> Participants:
        return clinics.in_arms(admitted[rng.integers(len(admitted))])

    return draw


def _known(design: Design, clinics: _Clinics, past: Past) -> _Table:
    if not past.known:
        raise ValueError("nothing is known of the clinics before the stretch")
    return tuple(
        tuple(past.known[one][name] for name in design.balances)
        for one in clinics.names
    )


def _in_sequences(design: Design, clinics: _Clinics, past: Past) -> Draw:
    schedule = design.schedule
    assert schedule is not None
    k = len(schedule.names)
    _insist_enough(clinics, k, "sequences")
    days = clinics.people.index_date + np.timedelta64(past.stretch.shift, "D")

    def draw(rng: np.random.Generator) -> Participants:
        own = _dealt(clinics, k, rng)[clinics.codes]
        placed = place(schedule, own, days)
        people = replace(
            clinics.people, active=placed.active, period=placed.period, sequence=own
        )
        return people.where(~placed.in_transition & ~placed.not_enrolling)

    return draw


def _in_cells(clinics: _Clinics) -> Draw:
    """Deal clinics to the four cells of two factors, as to sequences."""
    cells = Factors.CELLS
    _insist_enough(clinics, len(cells), "cells")
    first, second = (
        np.array([one in (factor, "both") for one in cells])
        for factor in ("first", "second")
    )

    def draw(rng: np.random.Generator) -> Participants:
        own = _dealt(clinics, len(cells), rng)[clinics.codes]
        return replace(clinics.people, active=first[own], second=second[own])

    return draw


def _insist_enough(clinics: _Clinics, k: int, what: str) -> None:
    if len(clinics.names) < k:
        raise ValueError(f"{len(clinics.names)} clinics are fewer than {k} {what}")


def _dealt(clinics: _Clinics, k: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give the number that each clinic is dealt, shape (n_clinics,)."""
    n = len(clinics.names)
    dealt = np.concatenate([rng.permutation(k) for _ in range(n // k + 1)])
    numbers, taken = np.zeros(n, dtype=np.intp), 0
    for stratum in np.unique(clinics.strata):
        members = rng.permutation(np.flatnonzero(clinics.strata == stratum))
        numbers[members] = dealt[taken : taken + len(members)]
        taken += len(members)
    return numbers


def _patients(design: Design, people: Participants) -> Draw:
    by_clinic = "clinic" in design.strata
    strata = people.clinic if by_clinic else np.full(len(people), "all")
    people = replace(people, stratum=strata)
    arrival = np.argsort(people.index_date, kind="stable")
    members = [arrival[strata[arrival] == one] for one in np.unique(strata)]

    def draw(rng: np.random.Generator) -> Participants:
        active = np.zeros(len(people), dtype=bool)
        for places in members:
            active[places] = _block_arms(len(places), design.block_sizes, rng)
        return replace(people, active=active)

    return draw


def _minimised(design: Design, people: Participants) -> Draw:
    bands = [age_band(age) for age in people.age.tolist()]
    factors: dict[str, list[str]] = {
        "clinic": people.clinic.tolist(),
        "sex": people.sex.tolist(),
        "age_band": bands,
    }
    levels = [
        {name: factors[name][i] for name in design.balances} for i in range(len(people))
    ]
    arrival = np.argsort(people.index_date, kind="stable").tolist()
    people = replace(people, stratum=np.full(len(people), "all"))

    def draw(rng: np.random.Generator) -> Participants:
        totals, active = MarginalTotals(), np.zeros(len(people), dtype=bool)
        chances = rng.random(len(people)).tolist()
        for i, chance in zip(arrival, chances, strict=True):
            lag = totals.lag(levels[i])
            heads = chance < (design.biased_coin if lag else 0.5)
            arm = (lag or 1) if heads else -(lag or 1)
            totals.add(levels[i], arm)
            active[i] = arm == 1
        return replace(people, active=active)

    return draw
