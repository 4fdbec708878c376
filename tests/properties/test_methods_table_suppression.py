"""No small count of a table with margins can be worked out, nor narrowed too far."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rounds.methods.disclosure.table_suppression import (
    intervals,
    suppress_table,
    with_margins,
)

SHAPES = st.sampled_from([(4,), (3, 3), (4, 2), (2, 3, 2)])
TABLES = SHAPES.flatmap(
    lambda shape: arrays.arrays(np.int64, shape, elements=st.integers(0, 25))
)


@given(TABLES)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_every_small_count_stays_as_uncertain_as_was_asked(table):
    """The audit is done anew, from what is shown."""
    found = suppress_table(table, threshold=5)
    whole = with_margins(table)
    small = (whole >= 1) & (whole <= 5)
    assert (found.hidden | ~small).all()
    lower, upper = intervals(whole, found.hidden)
    everything = found.hidden.all()
    assert everything or (upper - lower)[small].min(initial=np.inf) >= 5 - 1e-6
    assert (lower <= whole + 1e-6).all()
    assert (upper >= whole - 1e-6).all()


def test_margins_are_what_the_parts_add_up_to():
    """Each axis gets one place more, which holds the sum over it."""
    table = np.arange(12).reshape(2, 3, 2)
    whole = with_margins(table)
    assert whole.shape == (3, 4, 3)
    assert whole[-1, -1, -1] == table.sum()
    assert (whole[:2, :3, -1] == table.sum(axis=2)).all()


def test_a_table_without_small_counts_is_shown_whole():
    """Empty cells are not small."""
    found = suppress_table(np.array([[20, 0], [30, 40]]))
    assert not found.hidden.any()
    assert (found.lower == found.upper).all()


def test_three_hidden_corners_of_a_rectangle_are_not_enough():
    """One small cell needs a rectangle: its row, its column, and the fourth corner."""
    table = np.array([[20, 5, 40], [30, 60, 35], [50, 70, 80]])
    found = suppress_table(table)
    assert found.hidden[:3, :3].sum() == 4
    assert found.upper[0, 1] - found.lower[0, 1] >= 10


def test_small_margins_are_hidden_too():
    """A line whose sum is small has a small margin."""
    found = suppress_table(np.array([[3, 4], [30, 40]]))
    assert found.hidden[0, 2]


def test_negative_counts_are_refused():
    """They are no counts of persons."""
    with pytest.raises(ValueError, match="negative"):
        suppress_table(np.array([[1, -1]]))
