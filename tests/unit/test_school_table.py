import json

import pytest

from rounds.school import summarise
from rounds.school.loops import _kept
from stories.loop_results import result


def test_rates_carry_their_monte_carlo_error():
    loops = [result(seed=i, decision="adopt" if i < 8 else "extend") for i in range(10)]
    row = summarise(loops).rows[0]
    assert row.adopt.value == 0.8
    assert row.adopt.error == pytest.approx((0.8 * 0.2 / 10) ** 0.5)
    assert row.bias == pytest.approx(0.01)


def test_a_sealed_loop_counts_in_coverage_over_all_alone():
    loops = [result(seed=1), result(seed=2, sealed="why", lower=0.2, upper=0.3)]
    table = summarise(loops)
    assert table.coverage_all.value == 0.5
    assert table.coverage_unsealed.value == 1.0
    assert table.sealed.value == 0.5


@pytest.mark.parametrize(
    ("scenario", "decision", "kept"),
    [
        ("no effect", "adopt", False),
        ("no effect", "abandon", True),
        ("effect", "adopt", True),
        ("effect", "extend", False),
        ("effect and harm", "adopt", False),
        ("effect and harm", "adapt", True),
    ],
)
def test_each_bound_can_be_missed(scenario, decision, kept):
    table = summarise([result(scenario=scenario, decision=decision)])
    assert table.within_bounds is kept
    assert any(("kept" if kept else "MISSED") in line for line in table.lines())
    json.dumps(table.as_dict())


def test_a_loop_without_an_estimate_covers_nothing_and_biases_nothing():
    nothing = dict.fromkeys(("value", "lower", "upper", "harm_lower", "harm_upper"))
    table = summarise([result(), result(seed=2, **nothing)])
    assert table.coverage_all.value == 0.5
    assert table.harm_coverage.value == 0.5
    assert table.rows[0].bias == pytest.approx(0.01)


def test_the_spread_of_errors_stands_beside_that_of_truths_and_the_intervals():
    truths, values = (0.05, 0.06, 0.07), (0.07, 0.06, 0.08)
    loops = [
        result(seed=i, truth=truth, value=value, lower=value - 0.065, upper=value + 0.1)
        for i, (truth, value) in enumerate(zip(truths, values, strict=True))
    ]
    (row,) = summarise(loops).spread
    assert row.truths == pytest.approx(0.01)
    assert row.errors == pytest.approx(0.01)  # of 0.02, 0 and 0.01
    assert row.half == pytest.approx(0.0825)
    assert row.above.value == pytest.approx(2 / 3)
    assert summarise(loops).as_dict()["spread"][0]["n"] == 3
    # a normal sample's: sd / sqrt(2 (n - 1))
    assert "1.00 ± 0.50" in row.line()


def test_the_spread_is_not_told_of_two():
    assert summarise([result(seed=1), result(seed=2)]).spread == ()


def test_no_loop_is_no_table():
    with pytest.raises(ValueError, match="no loop"):
        summarise([])


def test_a_run_that_was_broken_off_goes_on_from_whole_lines(tmp_path):
    from dataclasses import asdict

    keep = tmp_path / "loops.jsonl"
    whole = json.dumps(asdict(result(seed=3)))
    keep.write_text(whole + "\n" + whole[:40])
    assert list(_kept(keep, "parallel")) == [("effect", 3)]
    assert _kept(keep, "stepped-wedge") == {}


def test_loops_of_another_campaign_are_run_again(tmp_path):
    from dataclasses import asdict

    keep = tmp_path / "loops.jsonl"
    keep.write_text(json.dumps(asdict(result(seed=3, campaign=0.4))) + "\n")
    assert _kept(keep, "parallel") == {}
    assert list(_kept(keep, "parallel", 0.4)) == [("effect", 3)]
