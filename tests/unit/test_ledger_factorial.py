"""What leaves of two factors: no cell that is small, nor what would give it back."""

from rounds.ledger.disclosure.evaluation import safe_evaluation
from stories import factorial_trial as story


def test_large_cells_are_told_as_they_are():
    found = story.judged(story.World(), 1)
    assert safe_evaluation(found).factorial.cells == found.factorial.cells


def test_one_small_cell_hides_all_four():
    """The arms of either factor are sums of two cells; one alone would be the rest."""
    found = story.judged(story.World(), 1)
    first, *rest = found.factorial.cells
    small = first.model_copy(update={"numerator": 4, "value": 4 / first.n})
    changed = found.factorial.model_copy(update={"cells": (small, *rest)})
    safe = safe_evaluation(found.model_copy(update={"factorial": changed})).factorial
    assert all(cell.suppressed for cell in safe.cells)
    assert {(cell.n, cell.numerator, cell.value) for cell in safe.cells} == {
        (None, None, None)
    }
    for name in ("interaction", "first_alone", "second_alone", "both"):
        assert getattr(safe, name).value != getattr(found.factorial, name).value
        assert round(getattr(safe, name).value, 3) == getattr(safe, name).value
    assert safe.second.estimate.value != found.factorial.second.estimate.value
