"""What a rollout design must pass.

- It is reproducible: a function of seed, stratum and place, in whatever order asked.
- It is balanced: within a stratum the arms differ by half a block at the most.
- Strata and seeds are independent of one another.
- It cannot be foretold from the past: the best guesser is right no more often than
  the known bound for its blocks, and where the arms are level, half of the time.

`BaseRollout` is for places in strata, without end; `BaseKnownUnits` for units that are
known from the start and allocated at once; `BaseArrivals` for units who arrive one by
one and are allocated with regard to those before, where the bound is the biased coin;
`BaseAdaptive` for those allocated by chances that follow looks, where it is the chance.

References
----------
The guesser follows Blackwell and Hodges' convergence strategy: name the arm that lags,
toss a coin where they are level. For one permuted block of 2m units it is right
m + 2^(2m-1) / C(2m, m) - 1/2 times on average; the suite sums over the block sizes.
"""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import combinations
from math import comb, sqrt
from typing import Protocol

import numpy as np

from rounds.methods.allocations.minimisation import MarginalTotals
from rounds.practice import Assignment

__all__ = [
    "BaseAdaptive",
    "BaseArrivals",
    "BaseKnownUnits",
    "BaseRollout",
    "BaseSequences",
    "convergence_bound",
]

_DRAWS = 10_000


class Design(Protocol):
    """A rollout design for one seed."""

    def arm(self, stratum: str, sequence: int) -> str:
        """Give the arm of one place."""


Known = Mapping[str, Mapping[str, float]]
"""Unit → name → what is known of it."""


def convergence_bound(block_sizes: tuple[int, ...]) -> float:
    """Give the share of right guesses of the best guesser, blocks equally likely.

    Examples
    --------
    >>> convergence_bound((2,))
    0.75
    """
    right = 0.0
    for size in block_sizes:
        half = size // 2
        right += half + 2 ** (size - 1) / comb(size, half) - 0.5
    return right / sum(block_sizes)


class BaseRollout:
    """The suite; inherit it and give the design."""

    block_sizes: tuple[int, ...] = (2, 4)

    def design(self, seed: bytes) -> Design:
        """Give the design for a seed of 32 bytes."""
        raise NotImplementedError

    def test_it_is_reproducible_in_any_order(self) -> None:
        """Asked backwards, or by another object, it says the same."""
        seed = bytes(range(32))
        forwards = [self.design(seed).arm("s", i) for i in range(200)]
        again = self.design(seed)
        assert [again.arm("s", i) for i in range(199, -1, -1)] == forwards[::-1]

    def test_it_is_balanced(self) -> None:
        """At every point the arms differ by half the largest block at the most."""
        running = np.cumsum(self._signs(bytes(32), "s"))
        assert np.abs(running).max() <= max(self.block_sizes) // 2
        assert set(np.unique(self._signs(bytes(32), "s"))) == {-1, 1}

    def test_strata_and_seeds_are_independent(self) -> None:
        """Two strata, or two seeds, agree half of the time."""
        one = self._signs(bytes(32), "s")
        others = self._signs(bytes(32), "t"), self._signs(b"\x01" * 32, "s")
        for other in others:
            # Blocks make neighbours negatively dependent, so n/2 is conservative.
            assert abs(np.mean(one == other) - 0.5) < 4 * 0.5 / sqrt(_DRAWS / 2)

    def test_it_cannot_be_foretold(self) -> None:
        """The best guesser reaches the bound and not more."""
        signs = self._signs(b"\x02" * 32, "s")
        before = np.concatenate([[0], np.cumsum(signs)[:-1]])
        level = before == 0
        right = np.where(level, 0.5, np.sign(-before) == signs)
        bound = convergence_bound(self.block_sizes)
        error = right.std() / sqrt(_DRAWS)
        assert abs(right.mean() - bound) < 4 * error
        toss = signs[level] == 1
        assert abs(toss.mean() - 0.5) < 4 * 0.5 / sqrt(level.sum())

    def _signs(self, seed: bytes, stratum: str) -> np.ndarray:
        design = self.design(seed)
        arms = [design.arm(stratum, i) for i in range(_DRAWS)]
        return np.where(np.array(arms) == "active", 1, -1)


class BaseKnownUnits:
    """The suite for units that are known from the start; give the design."""

    n_units = 12
    draws = 150
    """Seeds that are tried; each is allocated anew."""

    def allocate(
        self, seed: bytes, units: Mapping[str, str], known: Known
    ) -> Mapping[str, str]:
        """Give unit → arm, of units given with their strata and what is known."""
        raise NotImplementedError

    def test_it_is_reproducible_whatever_the_order(self) -> None:
        """The same units in another order, or by another object: the same arms."""
        units, known = self._given()
        backwards = dict(reversed(units.items()))
        for seed in self._seeds(5):
            once = self.allocate(seed, units, known)
            assert self.allocate(seed, backwards, known) == once

    def test_it_halves_the_units(self) -> None:
        """As many active as silent."""
        units, known = self._given()
        for seed in self._seeds(20):
            arms = list(self.allocate(seed, units, known).values())
            assert arms.count("active") * 2 == len(arms)

    def test_no_unit_is_favoured_and_no_seed_is_told_by_another(self) -> None:
        """Each unit is active half of the time, over seeds that differ in a bit."""
        units, known = self._given()
        drawn = [self.allocate(seed, units, known) for seed in self._seeds(self.draws)]
        active = np.array([[one[u] == "active" for u in sorted(one)] for one in drawn])
        off = np.abs(active.mean(axis=0) - 0.5)
        assert off.max() < 4.5 * 0.5 / sqrt(self.draws)
        assert len({row.tobytes() for row in active}) > 10
        agree = (active[1:] == active[:-1]).mean(axis=1)
        assert abs(agree.mean() - 0.5) < 4.5 * agree.std() / sqrt(self.draws - 1)

    def _given(self) -> tuple[dict[str, str], dict[str, dict[str, float]]]:
        random = np.random.default_rng(1)
        names = [f"unit-{i:02d}" for i in range(self.n_units)]
        known = {
            name: {"size": float(size), "baseline_rate": float(rate)}
            for name, size, rate in zip(
                names,
                random.integers(50, 150, self.n_units),
                random.uniform(0.2, 0.8, self.n_units),
                strict=True,
            )
        }
        return dict.fromkeys(names, "all"), known

    def _seeds(self, n: int) -> list[bytes]:
        return [i.to_bytes(32) for i in range(n)]


class BaseArrivals:
    """The suite for units who arrive one by one; give the design."""

    biased_coin: float = 0.8

    def replay(self, seed: bytes, arrivals: Iterable[Mapping[str, str]]) -> list[str]:
        """Give the arms of units in the order of their arrival."""
        raise NotImplementedError

    def test_it_is_a_function_of_seed_and_arrivals(self) -> None:
        """Replayed it is the same, and a part of it is a beginning of the whole."""
        arrivals = self._arrivals(300)
        whole = self.replay(bytes(32), arrivals)
        assert self.replay(bytes(32), arrivals) == whole
        assert self.replay(bytes(32), arrivals[:120]) == whole[:120]
        assert self.replay(b"\x01" * 32, arrivals) != whole

    def test_it_balances_every_level(self) -> None:
        """Margins differ by far less than tosses of a coin would leave them."""
        arrivals = self._arrivals(2_000)
        signs = self._signs(bytes(32), arrivals)
        for factor in arrivals[0]:
            for level in {one[factor] for one in arrivals}:
                member = np.array([one[factor] == level for one in arrivals])
                assert abs(signs[member].sum()) < 2 * sqrt(member.sum())

    def test_who_knows_everything_but_the_seed_is_right_as_often_as_the_coin(
        self,
    ) -> None:
        """The best guesser names the arm that lags, and tosses where none does."""
        arrivals = self._arrivals(4_000)
        signs = self._signs(b"\x02" * 32, arrivals)
        totals, lag = MarginalTotals(), np.zeros(len(arrivals))
        for i, levels in enumerate(arrivals):
            lag[i] = totals.lag(levels)
            totals.add(levels, int(signs[i]))
        for biased, chance in ((lag != 0, self.biased_coin), (lag == 0, 0.5)):
            right = signs[biased] == np.where(lag[biased] == 0, 1, lag[biased])
            error = sqrt(chance * (1 - chance) / biased.sum())
            assert abs(right.mean() - chance) < 4 * error

    def test_who_sees_only_the_arms_is_right_less_often(self) -> None:
        """Naming the arm that has fewer units, without their factors."""
        signs = self._signs(b"\x03" * 32, self._arrivals(4_000))
        before = np.concatenate([[0], np.cumsum(signs)[:-1]])
        right = np.where(before == 0, 0.5, np.sign(-before) == signs)
        assert right.mean() < self.biased_coin

    def _arrivals(self, n: int) -> list[dict[str, str]]:
        digits = [hashlib.sha256(str(i).encode()).digest() for i in range(n)]
        return [
            {
                "clinic": f"clinic-{d[0] % 6}",
                "sex": ("female", "male")[d[1] % 2],
                "age_band": ("under 45", "45-64", "65 and over")[d[2] % 3],
            }
            for d in digits
        ]

    def _signs(self, seed: bytes, arrivals: list[dict[str, str]]) -> np.ndarray:
        return np.where(np.array(self.replay(seed, arrivals)) == "active", 1, -1)


class Dealing(Protocol):
    """An allocation of clinics that are known from the start, for one seed."""

    def assign(self, units: Mapping[str, str]) -> Mapping[str, Assignment]:
        """Give each unit (→ stratum) its sequence."""


class BaseSequences:
    """The suite of what randomises clinics to sequences of arms; inherit it.

    It is reproducible, whatever the order in which units are named; sequences are
    level; each clinic is as likely in each; and two clinics of a stratum, exchanged,
    are as likely as they were.
    """

    names: tuple[str, ...] = ("sequence-1", "sequence-2", "sequence-3")
    units: Mapping[str, str] = {
        f"clinic-{i}": "large" if i < 5 else "small" for i in range(9)
    }
    seeds: int = 1_500

    def sequences(self, seed: bytes, names: tuple[str, ...]) -> Dealing:
        """Give the allocation for a seed of 32 bytes."""
        raise NotImplementedError

    def test_it_is_reproducible_in_any_order(self) -> None:
        """Named backwards, or by another object, it says the same."""
        again = dict(reversed(list(self.units.items())))
        one, other = (
            self.sequences(bytes(32), self.names).assign(units)
            for units in (self.units, again)
        )
        assert dict(one) == dict(other)

    def test_sequences_are_level(self) -> None:
        """Over all clinics no two sequences differ by more than one."""
        for drawn in self._drawn(50):
            counts = [drawn.count(name) for name in self.names]
            assert max(counts) - min(counts) <= 1

    def test_each_clinic_is_as_likely_in_each(self) -> None:
        """Over many seeds, within four standard errors."""
        drawn = np.array(self._drawn(self.seeds))
        chance = 1 / len(self.names)
        error = sqrt(chance * (1 - chance) / self.seeds)
        for name in self.names:
            share = (drawn == name).mean(axis=0)
            assert np.abs(share - chance).max() < 4 * error

    def test_two_clinics_of_a_stratum_can_be_exchanged(self) -> None:
        """(First, second) is as likely as (second, first), for each pair of them."""
        drawn = np.array(self._drawn(self.seeds))
        strata = np.array([self.units[unit] for unit in sorted(self.units)])
        first, second = (drawn == name for name in self.names[:2])
        for i, j in combinations(range(len(strata)), 2):
            if strata[i] == strata[j]:
                one = int((first[:, i] & second[:, j]).sum())
                other = int((second[:, i] & first[:, j]).sum())
                assert abs(one - other) < 4 * sqrt(one + other)

    def _drawn(self, n: int) -> list[list[str]]:
        found = []
        for i in range(n):
            allocated = self.sequences(i.to_bytes(32), self.names).assign(self.units)
            found.append([allocated[unit].arm for unit in sorted(self.units)])
        return found


class BaseAdaptive:
    """The suite for patients allocated by chances that are in force; give the draw."""

    fixed_share: float = 0.2

    def draw(
        self, seed: bytes, epoch: int, place: int, chance: float
    ) -> tuple[str, bool]:
        """Give the arm of a place of an epoch, and whether it is of the even share."""
        raise NotImplementedError

    def test_it_is_a_function_of_seed_epoch_place_and_chance(self) -> None:
        """Asked again, in another order, it says the same; another seed does not."""
        places = range(300)
        once = [self.draw(bytes(32), 1, i, 0.7) for i in places]
        assert [self.draw(bytes(32), 1, i, 0.7) for i in reversed(places)] == once[::-1]
        assert [self.draw(b"\x01" * 32, 1, i, 0.7) for i in places] != once

    def test_arms_follow_the_chance_and_the_even_share_does_not(self) -> None:
        """Each within four standard errors; the past tells nothing of the next."""
        for epoch, chance in enumerate((0.5, 0.8, 0.1)):
            arms, even = self._drawn(bytes(32), epoch, chance)
            assert abs(even.mean() - self.fixed_share) < 4 * 0.5 / sqrt(len(even))
            for member, meant in ((even, 0.5), (~even, chance)):
                share = arms[member].mean()
                error = sqrt(meant * (1 - meant) / member.sum())
                assert abs(share - meant) < 4 * error
            centred = arms - arms.mean()
            along = (centred[1:] * centred[:-1]).mean() / centred.var()
            assert abs(along) < 4 / sqrt(len(arms))

    def test_who_is_of_the_even_share_no_chance_decides(self) -> None:
        """The mark, and its patients' arms, are the same whatever looks found."""
        low, high = (self._drawn(bytes(32), 1, chance) for chance in (0.1, 0.9))
        assert (low[1] == high[1]).all()
        assert (low[0][low[1]] == high[0][high[1]]).all()

    def test_epochs_and_seeds_are_independent(self) -> None:
        """Two epochs, or two seeds, agree half of the time."""
        one, _ = self._drawn(bytes(32), 0, 0.5)
        for seed, epoch in ((bytes(32), 1), (b"\x01" * 32, 0)):
            other, _ = self._drawn(seed, epoch, 0.5)
            assert abs((one == other).mean() - 0.5) < 4 * 0.5 / sqrt(len(one))

    def _drawn(
        self, seed: bytes, epoch: int, chance: float
    ) -> tuple[np.ndarray, np.ndarray]:
        drawn = [self.draw(seed, epoch, i, chance) for i in range(4_000)]
        arms = np.array([arm == "active" for arm, _ in drawn], dtype=float)
        return arms, np.array([even for _, even in drawn], dtype=bool)
