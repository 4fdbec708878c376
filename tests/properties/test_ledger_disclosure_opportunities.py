"""Who knows the code cannot try counts until a list's numbers come out."""

import datetime as dt
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rounds.conduct.opportunities import told_of
from rounds.definitions import builtin_measures
from rounds.ledger import safe
from rounds.loop.problem.opportunities import Counted, opportunities_of
from rounds.nouns import (
    Estimate,
    Opportunity,
    OpportunityList,
    Period,
    UnitResult,
)

PERIOD = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
MEASURE = builtin_measures()["blood-pressure-control"]
SMALL = set(range(1, 11))
LARGE = [(120, 70), (200, 90), (90, 50), (150, 100), (80, 30), (110, 66)]


def counted(cells):
    sites = tuple(
        UnitResult(unit=f"site {i}", denominator=d, numerator=k)
        for i, (d, k) in enumerate(cells)
    )
    return (Counted(MEASURE, sites),)


def exact(cells):
    return opportunities_of(counted(cells), PERIOD, snapshot="1")


def made(cells):
    """Give the list as `rounds problem list` does where nothing was told before."""
    return told_of(
        counted(cells), PERIOD, snapshot="1", stakes=None, told=safe(exact(cells))
    )


def others(cells, hidden):
    """Give every other way in which two hidden sites can share their sum."""
    (d, k), (e, j) = (cells[i] for i in hidden)
    for n, x in product(range(1, d + e), range(k + j + 1)):
        if x <= n and k + j - x <= d + e - n and (n, x) not in {(d, k), (e, j)}:
            yield n, x


def test_no_count_that_a_hidden_site_may_have_comes_out_and_another_does_not():
    """Estimates come from a seed that is published: made from hidden counts, each of
    their digits would tell a right guess from a wrong one, and one guess be left."""
    cells = [*LARGE, (16, 4), (25, 12)]
    told = made(cells)
    assert [line.unit for line in told.lines if line.suppressed] == ["site 6", "site 7"]
    assert all(line.patients is not None for line in told.lines if not line.suppressed)
    rng = np.random.default_rng(1)
    guesses = list(others(cells, (6, 7)))
    alike = 0
    for at in rng.choice(len(guesses), size=12, replace=False):
        n, x = guesses[at]
        guess = made([*LARGE, (n, x), (41 - n, 16 - x)])
        if [line.suppressed for line in guess.lines] == [
            line.suppressed for line in told.lines
        ]:
            alike += 1
            assert guess == told
    assert alike > 5


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(sum),
        min_size=2,
        max_size=6,
    )
)
def test_no_small_count_is_shown_and_none_is_left_over(pairs):
    cells = [(yes + no, yes) for yes, no in pairs]
    assume(0 < sum(yes for yes, _ in pairs) < sum(map(sum, pairs)))
    for told in (safe(exact(cells)), made(cells)):
        assert OpportunityList.from_json(told.to_json()) == told
        (whole,) = (line for line in told.lines if line.unit is None)
        left = np.array([0, 0])
        for line in told.lines:
            if line.suppressed:
                assert line == Opportunity(
                    measure=line.measure, unit=line.unit, suppressed=True
                )
                continue
            d, k = line.denominator, line.numerator
            assert not {d, k, d - k} & SMALL
            left += np.array([d, k]) * (1 if line.unit is None else -1)
        if not whole.suppressed:
            assert not {left[0], left[1], left[0] - left[1]} & SMALL
    assert safe(told) == safe(safe(told))


def test_hidden_lines_stand_in_an_order_that_says_nothing_of_them():
    """In order of rank, each would have one of the ranks that no other line has."""
    for cells in ([*LARGE, (16, 4), (25, 12)], [*LARGE, (25, 12), (16, 4)]):
        for told in (safe(exact(cells)), made(cells)):
            hidden = [line.unit for line in told.lines if line.suppressed]
            assert hidden == ["site 6", "site 7"]
    ranks = sorted(line.rank for line in told.lines if line.unit and line.rank)
    assert ranks == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("well", [3, 797])
def test_a_total_is_hidden_where_it_is_small_and_no_site_is_listed(well):
    """As while a trial runs among sites."""
    n = Estimate(value=50, lower=40, upper=60, scale="count", n=800)
    line = Opportunity(
        measure=MEASURE.ref(), denominator=800, numerator=well, patients=n, rank=1
    )
    found = exact(LARGE).model_copy(update={"lines": (line,)})
    (shown,) = safe(found).lines
    assert shown == Opportunity(measure=MEASURE.ref(), suppressed=True)


def test_where_no_two_units_are_told_nothing_is_estimated():
    cells = [(16, 6), (25, 12)]
    told = made(cells)
    (whole, *sites) = told.lines
    assert (whole.denominator, whole.numerator) == (41, 18)
    assert whole.patients is None
    assert whole.rank is None
    assert all(site.suppressed for site in sites)
