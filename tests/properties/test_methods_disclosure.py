"""Disclosure control never lets a small count be recovered by subtraction."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods.disclosure.suppression import is_small, suppress

# The attack enumerates every table that fits what is shown, so counts are kept low and
# the threshold with them; the rule is the same for 10.
THRESHOLD = 2
CELLS = st.tuples(st.integers(0, 3), st.integers(0, 3))  # counted, not counted


@st.composite
def tables(draw):
    cells = draw(st.lists(CELLS, min_size=1, max_size=4))
    rest = draw(st.sampled_from([(0, 0), (0, 0), (1, 0), (2, 3), (3, 3)]))
    return cells, rest


def candidates(cells, rest, hidden, *, total_shown):
    """Every way to fill the hidden cells that fits what is shown.

    The attacker knows each shown cell and the total, that counts are not negative, that
    a hidden cell is not empty, and that there may be persons in no cell at all.
    """
    unknown = [index for index, hide in enumerate(hidden) if hide]
    counted = sum(cells[index][0] for index in unknown) + rest[0]
    others = sum(cells[index][1] for index in unknown) + rest[1]
    more = 0 if total_shown else 2
    pairs = [
        (a, b) for a in range(counted + 1 + more) for b in range(others + 1 + more)
    ]
    free_rest = any(rest)
    for filled in itertools.product(
        [p for p in pairs if sum(p) > 0], repeat=len(unknown)
    ):
        left = (counted - sum(a for a, _ in filled), others - sum(b for _, b in filled))
        if total_shown and (min(left) < 0 or (any(left) and not free_rest)):
            continue
        yield dict(zip(unknown, filled, strict=True))


@given(tables())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_small_count_can_be_recovered_exactly(table):
    """For every small count at least two values fit all that is shown."""
    cells, rest = table
    k, d = np.array([a for a, _ in cells]), np.array([a + b for a, b in cells])
    total = (int(d.sum()) + sum(rest), int(k.sum()) + rest[0])
    found = suppress(d, k, total=total, threshold=THRESHOLD)
    for index, (a, b) in enumerate(cells):
        if any(is_small(count, THRESHOLD) for count in (a, b, a + b)):
            assert found.cells[index], "a small cell is shown"
    if found.cells.sum() > 3:
        return  # too many tables to enumerate; three hidden cells are hard enough
    fits: dict[tuple[int, str], set[int]] = {}
    attack = candidates(cells, rest, found.cells, total_shown=not found.total)
    for filled in attack:
        for index, (a, b) in filled.items():
            for part, count in (("counted", a), ("others", b), ("all", a + b)):
                fits.setdefault((index, part), set()).add(count)
    for (index, part), values in fits.items():
        a, b = cells[index]
        true = {"counted": a, "others": b, "all": a + b}[part]
        assert true in values
        if is_small(true, THRESHOLD):
            assert len(values) > 1, f"cell {index}: {part} = {true} is recovered"


@given(tables())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_what_is_hidden_is_not_small_together(table):
    """Total minus what is shown is never itself a small count."""
    cells, rest = table
    k, d = np.array([a for a, _ in cells]), np.array([a + b for a, b in cells])
    total = (int(d.sum()) + sum(rest), int(k.sum()) + rest[0])
    found = suppress(d, k, total=total, threshold=THRESHOLD)
    if found.total:
        return
    left = np.array(total) - [d[~found.cells].sum(), k[~found.cells].sum()]
    for count in (left[0], left[1], left[0] - left[1]):
        assert not is_small(int(count), THRESHOLD)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_table_without_small_counts_is_shown_whole(cells):
    k, d = np.array([a for a, _ in cells], int), np.array([sum(c) for c in cells], int)
    small = any(is_small(count) for a, b in cells for count in (a, b, a + b))
    found = suppress(d, k)
    assert found.cells.any() == small


@given(st.lists(st.integers(0, 40), min_size=2, max_size=10), st.randoms())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_distinct_cells_are_hidden_whatever_their_order(counts, random):
    counts = sorted(set(counts))
    order = list(range(len(counts)))
    random.shuffle(order)
    straight = suppress(np.array(counts, int)).cells
    shuffled = suppress(np.array([counts[place] for place in order], int)).cells
    assert [shuffled[order.index(i)] for i in range(len(counts))] == straight.tolist()


def test_one_small_cell_takes_the_smallest_other_with_it():
    assert suppress(np.array([400, 5, 30, 90])).cells.tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_a_nearly_full_cell_is_as_telling_as_a_nearly_empty_one():
    found = suppress(np.array([100, 100, 100]), np.array([97, 50, 40]))
    assert found.cells[0]


def test_persons_in_no_cell_count_as_one_that_subtraction_shows():
    """20 + 30 of 55: the five in no cell are hidden only if a cell is hidden too."""
    found = suppress(np.array([20, 30]), total=(55, 0))
    assert found.cells.tolist() == [True, False]
    assert not found.total


def test_a_table_of_ones_hides_its_total():
    """Were the total shown, 79 hidden cells of 79 persons would all be ones."""
    found = suppress(np.ones(79, int))
    assert found.cells.all()
    assert found.total


def test_a_small_total_is_hidden():
    assert suppress(np.array([500, 500]), np.array([4, 3])).total


def test_shapes_and_ranges_are_checked():
    with pytest.raises(ValueError, match="shape"):
        suppress(np.array([1, 2]), np.array([1]))
    with pytest.raises(ValueError, match="denominator"):
        suppress(np.array([1]), np.array([2]))
