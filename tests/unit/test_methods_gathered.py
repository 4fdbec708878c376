"""Persons alike are one row of counts, and nothing that a mixed model says is changed."""

import numpy as np
import pytest

from rounds.methods.multilevel.nested_intercepts import nested_intercepts
from rounds.methods.multilevel.nested_likelihood import Forest


@pytest.fixture(scope="module")
def wedge():
    rng = np.random.default_rng(8)
    site, period = rng.integers(0, 12, 3_000), rng.integers(0, 4, 3_000)
    arm = (period > site % 3).astype(float)
    eta = -1 + 0.5 * arm + 0.6 * rng.standard_normal(12)[site]
    x = rng.binomial(2, 1 / (1 + np.exp(-eta)))
    levels = [("site", site), ("cell", site * 4 + period)]
    return x, np.full(3_000, 2), levels, np.column_stack([arm, period])


def test_rows_are_as_many_as_differ(wedge):
    """48 sites in a period, within each of which columns do not differ."""
    assert Forest(*wedge).gathered().X.shape == (48, 3)


def test_likelihood_and_slope_stay(wedge):
    """The constant too is that of the rows as they came."""
    model, beta, sds = Forest(*wedge), np.array([-1, 0.3, 0.1]), np.array([0.5, 0.2])
    one, other = model.slope(beta, sds), model.gathered().slope(beta, sds)
    assert other[0] == pytest.approx(one[0], rel=1e-12)
    assert other[1] == pytest.approx(one[1], abs=1e-7)


def test_rows_that_all_differ_stay(wedge):
    """A column of numbers that hardly repeat leaves each person a row."""
    x, n, levels, _ = wedge
    model = Forest(x, n, levels, np.linspace(0, 1, x.size)[:, None])
    assert model.gathered() is model


def test_a_unit_keeps_its_own_effect(wedge):
    """The fit of sums by hand, cell by cell, is the same fit."""
    x, n, levels, columns = wedge
    cell = levels[1][1]
    first = np.unique(cell, return_index=True)[1]
    summed = nested_intercepts(
        np.bincount(cell, x),
        np.bincount(cell, n),
        [(name, label[first]) for name, label in levels],
        columns[first],
    )
    found = nested_intercepts(*wedge)
    assert found.coefficients == pytest.approx(summed.coefficients, abs=1e-6)
    assert found.levels[0].effects == pytest.approx(summed.levels[0].effects, abs=1e-5)
