"""No combination of what is admitted touches few persons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods.disclosure.differencing import Cover, PersonSum

DEPTH = 3
PEOPLE = 14
SETS = st.lists(st.sets(st.integers(0, PEOPLE - 1), min_size=1), min_size=1, max_size=9)


def rank_without(rows, gone):
    """How many of the rows are independent where some persons are not there."""
    kept = np.delete(rows, list(gone), axis=1)
    return np.linalg.matrix_rank(kept)


def pairs(people):
    return [(a, b) for a in range(people) for b in range(a)]


@given(SETS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_combination_of_admitted_sums_rests_on_fewer_than_the_depth(sets):
    """Taking any two persons away leaves every admitted row independent of the rest."""
    cover = Cover(DEPTH)
    rows = [np.isin(np.arange(PEOPLE), list(one)) for one in sets]
    admitted = [row for row in rows if cover.admit(PersonSum.of(np.flatnonzero(row)))]
    if not admitted:
        return
    matrix = np.array(admitted, dtype=float)
    whole = np.linalg.matrix_rank(matrix)
    assert whole == len(cover)
    for gone in pairs(PEOPLE):
        assert rank_without(matrix, gone) == whole


@given(SETS, st.sets(st.integers(0, PEOPLE - 1), max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_combination_rests_on_avoided_persons_alone(sets, avoided):
    """Before or after the sums are told, taking the avoided away loses nothing."""
    cover = Cover(DEPTH)
    half = len(sets) // 2
    admitted = [one for one in sets[:half] if cover.admit(PersonSum.of(_of(one)))]
    if not cover.avoid(_of(avoided).astype(np.uint64)):
        return
    admitted += [one for one in sets[half:] if cover.admit(PersonSum.of(_of(one)))]
    if admitted:
        matrix = np.array([np.isin(np.arange(PEOPLE), _of(one)) for one in admitted])
        whole = np.linalg.matrix_rank(matrix.astype(float))
        assert rank_without(matrix.astype(float), avoided) == whole


def _of(people):
    return np.array(sorted(people), dtype=np.int64)


def test_the_order_and_number_of_repetitions_tell_nothing_new():
    """What follows from what was told is known; an admitted sum is known."""
    cover = Cover(11)
    men, women = np.arange(40), np.arange(40, 90)
    assert cover.admit(PersonSum.of(men))
    assert cover.admit(PersonSum.of(women))
    both = PersonSum.of(np.arange(90))
    assert cover.knows(both)
    assert cover.admit(both)
    assert len(cover) == 2


@pytest.mark.parametrize("difference", [1, 3, 10])
def test_two_sums_that_differ_by_few_are_not_both_told(difference):
    """Whether the few have come, or gone, or been exchanged."""
    former = PersonSum.of(np.arange(200))
    for later in (
        np.arange(difference, 200),
        np.arange(200 + difference),
        np.arange(difference // 2, 200 + difference - difference // 2),
    ):
        cover = Cover(11)
        assert cover.admit(former)
        assert not cover.admit(PersonSum.of(later))


def test_a_sum_of_values_is_compared_as_a_count_is():
    """Two sums of values that differ by one person give back that person's value."""
    cover = Cover(11)
    values = np.linspace(90, 180, 60)
    assert cover.admit(PersonSum.of(np.arange(60), values))
    assert not cover.admit(PersonSum.of(np.arange(59), values[:59]))


def test_many_rows_stay_exact():
    """After 300 rows each set still gives back every row: no digit has been lost."""
    luck = np.random.default_rng(3)
    cover = Cover(3)
    told = [PersonSum.of(np.flatnonzero(luck.random(1500) < 0.3)) for _ in range(300)]
    assert all(cover.admit(one) for one in told)
    assert len(cover) == 300
    assert all(cover.knows(one) for one in told)
    assert not cover.knows(PersonSum.of(np.arange(700)))


def test_no_person_is_printed():
    """Sizes alone."""
    cover = Cover(3)
    cover.admit(PersonSum.of(np.arange(5000, 5040)))
    assert repr(cover) == "<cover: 1 rows, 40 persons>"
    assert repr(PersonSum.of(np.arange(5000, 5040))) == "<sum over 40 persons>"


def test_a_depth_of_nothing_is_refused():
    """It would protect nobody."""
    with pytest.raises(ValueError, match="depth"):
        Cover(0)
