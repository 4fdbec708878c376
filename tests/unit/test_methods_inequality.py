"""Inequality: what is refused, and what must always hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods.inequality.between_groups import (
    attributable,
    between_group_variance,
    gaps_to_best,
)
from rounds.methods.inequality.concentration import concentration
from rounds.methods.inequality.intersections import intersections
from rounds.methods.inequality.slope_index import slope_index

X, N, ORDER = [40, 30, 20], [50, 50, 50], [1, 2, 3]
BOTH = pytest.mark.parametrize("method", [slope_index, concentration])


@BOTH
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (([40], [50], [1]), "1 ordered groups"),
        (([40, 30], [50, 50], [1, 2]), "2 ordered groups"),
        (([40, 30, 0], [50, 50, 0], ORDER), "2 ordered groups"),
        (([0, 0, 0], [0, 0, 0], ORDER), "nobody"),
        (([50, 50, 50], N, ORDER), "all have the event"),
        (([0, 0, 0], N, ORDER), "none has"),
        ((X, N, [1.5, 2, 3]), "whole numbers"),
        ((X, N, [np.nan, 2, 3]), "whole numbers"),
        ((X, N, [1, 2]), "expected one"),
        (([60, 30, 20], N, ORDER), "between 0 and their total"),
        (([-1, 30, 20], N, ORDER), "between 0 and their total"),
        (([np.nan, 30, 20], N, ORDER), "finite"),
        ((X, [-50, 50, 50], ORDER), "at least 1"),
    ],
)
def test_what_has_no_order_or_no_outcome_is_refused(method, rows, said):
    with pytest.raises(ValueError, match=said):
        method(*rows)


@BOTH
def test_sites_that_are_too_few_are_refused(method):
    with pytest.raises(ValueError, match="2 clusters"):
        method(X * 2, N * 2, ORDER * 2, clusters=[1] * 3 + [2] * 3)
    with pytest.raises(ValueError, match="clusters has shape"):
        method(X, N, ORDER, clusters=[1])
    with pytest.raises(ValueError, match="level"):
        method(X, N, ORDER, level=1)


def test_groups_that_separate_the_outcome_have_no_line():
    with pytest.raises(ValueError, match="separates"):
        slope_index([0, 0, 50], N, ORDER)


def test_population_must_fit_the_groups():
    with pytest.raises(ValueError, match="3 positive numbers"):
        slope_index(X, N, ORDER, population=[1, 2])


def test_a_group_of_nobody_changes_nothing():
    found = slope_index([*X, 0], [*N, 0], [*ORDER, 9])
    assert found.sii == slope_index(X, N, ORDER).sii


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=3, max_size=6)
)
def test_turning_the_order_round_turns_the_indices_round(cells):
    """Last minus first becomes first minus last; order of rows and names do not say."""
    x = np.array([a for a, _ in cells])
    n = x + np.array([b for _, b in cells])
    place = np.arange(len(x))
    there, back = slope_index(x, n, place), slope_index(x, n, 7 * (9 - place))
    assert back.sii == pytest.approx(-there.sii, abs=1e-8)
    assert back.rii == pytest.approx(1 / there.rii, rel=1e-6)
    shuffled = np.random.default_rng(0).permutation(len(x))
    again = slope_index(x[shuffled], n[shuffled], place[shuffled])
    assert again.sii_se == pytest.approx(there.sii_se, rel=1e-9)
    event = concentration(x, n, place)
    absence = concentration(n - x, n, place)
    assert absence.erreygers.value == pytest.approx(-event.erreygers.value, abs=1e-12)
    assert absence.erreygers.se == pytest.approx(event.erreygers.se, rel=1e-9)
    assert absence.wagstaff.value == pytest.approx(-event.wagstaff.value, abs=1e-12)
    assert abs(event.wagstaff.value) <= 1


def test_persons_one_by_one_are_as_their_counts():
    group = np.repeat(ORDER, N)
    y = np.concatenate([np.arange(50) < x for x in X])
    one = slope_index(y, np.ones(y.size), group)
    assert one.sii_se == pytest.approx(slope_index(X, N, ORDER).sii_se, rel=1e-12)
    index = concentration(y, np.ones(y.size), group).relative
    assert index.se == pytest.approx(concentration(X, N, ORDER).relative.se, rel=1e-12)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: between_group_variance([5], [10]),
        lambda: gaps_to_best([5], [10], more_is_better=True),
        lambda: gaps_to_best(X, N, more_is_better=True, reference=3),
        lambda: attributable(X, N, -1),
        lambda: between_group_variance(X, [50, 0, 50]),
        lambda: between_group_variance(X, N, level=0),
        lambda: intersections(X, N, [["F"], ["M"], ["F"]]),
        lambda: intersections(X, N, ["F", "M", "F"]),
        lambda: intersections([0] * 6, [9] * 6, [[a, b] for a in "FM" for b in "abc"]),
        lambda: intersections(X, N, [["F", "a"]] * 9),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(ask):
    with pytest.raises(ValueError):
        ask()


def test_where_fewer_are_better_the_best_group_has_the_fewest():
    found = gaps_to_best(X, N, more_is_better=False)
    assert found.best == 2
    assert found.gap == pytest.approx([0.4, 0.2, 0.0])
    assert found.ratio == pytest.approx((2.0, 1.5, 1.0))
    assert gaps_to_best([0, 5], [9, 9], more_is_better=False).ratio == (None, None)


def test_nothing_can_be_gained_over_nothing():
    found = attributable([0, 0], [9, 9], 1)
    assert (found.difference, found.fraction, found.fraction_se) == (0, None, None)


def test_cells_without_any_difference_have_none_to_explain():
    cells = [[a, b] for a in "FM" for b in "abcd"]
    found = intersections([25] * 8, [50] * 8, cells)
    assert found.pcv is None
    assert found.vpc == pytest.approx(0, abs=1e-6)
    assert found.value == pytest.approx([0.5] * 8, abs=1e-6)
