import pytest

from rounds.nouns import Estimate, NotEstimable
from rounds.school.ways import _compared, ways_of
from stories.loop_results import told_result as result
from stories.trial import protocol


def row(way, **changes):
    return next(one for one in ways_of([result(**changes)]) if one.way == way)


@pytest.mark.parametrize(
    ("way", "changes", "worse"),
    [
        # Half of the patients of a quarter of two years, and then none.
        ("randomised loop", {}, 0.125),
        ("randomised loop", {"decision": "abandon"}, 0.125 + 0.75),
        ("randomised loop", {"decision": "adapt"}, 0.125 + 0.75),
        # Its question stays open: the arms go on as they were.
        ("randomised loop", {"decision": "extend"}, 0.5),
        ("randomised loop", {"better": "usual care", "decision": "abandon"}, 0.125),
        ("randomised loop", {"share_active": 0.25}, 0.25 * 0.75),
        ("before and after", {}, 0.0),
        ("before and after", {"before_after": "abandon"}, 1 - 39 / 104),
        ("before and after", {"before_after": "extend"}, 0.0),
        ("before and after", {"better": "usual care"}, 1.0),
        ("at once", {}, 0.0),
        ("at once", {"better": "usual care"}, 1.0),
        ("never", {}, 1.0),
        ("never", {"better": "usual care"}, 0.0),
    ],
)
def test_patients_are_counted_by_the_way_they_were_treated(way, changes, worse):
    assert row(way, **changes).worse == pytest.approx(worse)


def test_where_neither_is_worse_no_patient_is_counted():
    found = row("before and after", better="neither", scenario="no effect")
    assert found.worse is None
    assert "false adopt    100.0%" in found.line()
    assert "neither is worse" in found.line()


def test_what_is_missed_is_said_where_the_card_is_better():
    assert "missed benefit 100.0%" in row("never").line()


def test_loops_that_tell_nothing_of_other_ways_are_left_out():
    assert ways_of([result(before_after=None)]) == ()


def test_before_and_after_is_the_crude_difference():
    def clinic(before, after):
        return {
            "before": {"n": before[0], "intensified": before[1]},
            "after": {"n": after[0], "intensified": after[1]},
        }

    clinics = [
        clinic((20, 2), (30, 6)),
        clinic((10, 2), (10, 3)),
        clinic((9, 0), (9, 1)),
    ]
    plan = protocol()
    found = _compared(plan, plan.primary, clinics, ("n", "intensified"))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(10 / 49 - 4 / 39)
    assert found.lower < found.value < found.upper


def test_one_clinic_tells_nothing():
    one = {"before": {"n": 5, "intensified": 1}, "after": {"n": 5, "intensified": 2}}
    plan = protocol()
    found = _compared(plan, plan.primary, [one], ("n", "intensified"))
    assert isinstance(found, NotEstimable)
