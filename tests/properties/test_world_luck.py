"""Luck has no memory, never reaches 0 or 1, and is uniform."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.world.luck import Luck, Stream

SEEDS = st.integers(min_value=0, max_value=2**63 - 1)


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.sampled_from(Stream), st.integers(0, 10_000), st.integers(0, 10**6))
def test_a_person_has_the_same_luck_alone_and_in_company(seed, stream, time, person):
    luck = Luck(seed)
    alone = luck.uniform(stream, np.array([person]), time)
    company = luck.uniform(stream, np.arange(person, person + 7), time)
    assert alone[0] == company[0]
    assert Luck(seed).uniform(stream, np.array([person]), time)[0] == alone[0]


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(Stream))
def test_a_uniform_number_is_never_0_or_1_and_its_normal_is_finite(seed, stream):
    who = np.arange(50_000)
    u = Luck(seed).uniform(stream, who)
    assert u.dtype == np.float32
    assert u.min() > 0
    assert u.max() < 1
    assert np.isfinite(Luck(seed).normal(stream, who)).all()


def test_the_outermost_cells_stay_inside_in_float32():
    """23 bits and a half are exact in float32; 24 bits and a half round to 1."""
    for cell in (0, 2**23 - 1):
        u = (np.float32(cell) + np.float32(0.5)) * np.float32(2.0**-23)
        assert 0 < u < 1
    last_of_24_bits = (np.float32(2**24 - 1) + np.float32(0.5)) * np.float32(2.0**-24)
    assert last_of_24_bits == 1


def test_numbers_are_uniform_and_unrelated_between_streams_times_and_seeds():
    n = 200_000
    who = np.arange(n)
    base = Luck(1).uniform(Stream.OWN, who, 5).astype(float)
    counts = np.bincount((base * 100).astype(int), minlength=100)
    chi_squared = ((counts - n / 100) ** 2 / (n / 100)).sum()
    assert abs(chi_squared - 99) < 4 * np.sqrt(2 * 99)
    others = [
        Luck(1).uniform(Stream.ACCEPT, who, 5),
        Luck(1).uniform(Stream.OWN, who, 6),
        Luck(2).uniform(Stream.OWN, who, 5),
        Luck(1).uniform(Stream.OWN, who + 1, 5),
    ]
    for other in others:
        assert abs(np.corrcoef(base, other)[0, 1]) < 4 / np.sqrt(n)
