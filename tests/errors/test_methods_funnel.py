"""What the funnel of a Problem refuses, in words and never with a NaN."""

import numpy as np
import pytest

from rounds.methods.funnels.deletion import deletion_residuals, paule_mandel
from rounds.methods.funnels.funnel import funnel, funnel_limits

X, N = [3, 4, 5], [10, 10, 10]

REFUSED = {
    "two units": (lambda: funnel([3, 4], [9, 9]), "three units, not 2"),
    "no event": (lambda: funnel([0, 0, 0], N), "no spread"),
    "all events": (lambda: funnel(N, N), "no spread"),
    "too many events": (lambda: funnel([11, 4, 5], N), "lie between"),
    "an expectation of 0": (lambda: funnel(X, N, expected=[0, 4, 4]), "expectation"),
    "an expectation of all": (lambda: funnel(X, N, expected=[10, 4, 4]), "expectation"),
    "a missing expectation": (lambda: funnel(X, N, expected=[4, 4]), "expectation"),
    "a level of 1": (lambda: funnel(X, N, level=1.0), "level"),
    "a size of 0": (lambda: funnel_limits([0.0], 0.5), "above 0"),
    "a target of 0": (lambda: funnel_limits([10], 0.0), "strictly"),
    "a spread below 0": (lambda: funnel_limits([10], 0.5, -1.0), "at least 0"),
    "no freedom": (lambda: funnel_limits([10], 0.5, 0.1, 0), "df above 0"),
    "two effects": (lambda: deletion_residuals([1, 2], [1, 1]), "3 are the least"),
    "one effect": (lambda: paule_mandel([1], [1]), "2 are the least"),
    "a subset of one": (
        lambda: paule_mandel([1, 2, 3], [1, 1, 1], among=[[True, False, False]]),
        "two effects at least",
    ),
    "unequal lengths": (lambda: deletion_residuals([1, 2, 3], [1, 1]), "3 effects"),
    "an error of 0": (lambda: deletion_residuals([1, 2, 3], [1, 0, 1]), "above 0"),
    "a NaN": (lambda: deletion_residuals([1, np.nan, 3], [1, 1, 1]), "finite"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(name):
    call, said = REFUSED[name]
    with pytest.raises(ValueError, match=said):
        call()
