"""Somebody plans how often a trial may be looked at, with no project and no data."""

import json
from typing import get_args

import pytest
from scipy import stats

from rounds.cli import evaluation_bounds
from rounds.cli.main import main
from rounds.loop.evaluation.looks.bounds import FutilityName, SpendingName
from rounds.methods.sequential import (
    HwangShihDeCani,
    LanDeMetsOBrienFleming,
    LanDeMetsPocock,
    as_planned,
    shaped_bounds,
    spending_bounds,
    with_futility,
)


def asked(capsys, words):
    """Run `rounds evaluation bounds … --json`; give its exit code and its object."""
    code = main(["evaluation", "bounds", *words.split(), "--json"])
    out = capsys.readouterr().out
    assert "NaN" not in out
    assert "Infinity" not in out
    return code, json.loads(out)


def told(found, name):
    return [look[name] for look in found["looks"]]


def test_five_equal_looks_are_written_in_one_digit(capsys):
    code, found = asked(capsys, "--looks 5 --spending obrien-fleming")
    assert code == 0
    plan = shaped_bounds([0.2, 0.4, 0.6, 0.8, 1], alpha=0.025)
    assert told(found, "upper") == pytest.approx(plan.upper.tolist(), abs=1e-12)
    assert told(found, "alpha_spent")[-1] == pytest.approx(0.025, abs=1e-9)
    assert told(found, "lower") == [None] * 5
    assert found["cost"] is None
    same, other = asked(capsys, "--looks 0.2,0.4,0.6,0.8,1 --spending obrien-fleming")
    assert (same, told(other, "upper")) == (0, pytest.approx(told(found, "upper")))


def test_looks_that_happen_elsewhere_spend_what_is_theirs(capsys):
    """The first came early; a shape is held by what its plan had spent by then."""
    code, found = asked(
        capsys, "--looks 0.4,1 --planned 0.5,1 --spending pocock --alpha 0.05 --sides 2"
    )
    assert code == 0
    plan = shaped_bounds([0.5, 1], alpha=0.05, sides=2, shape=0.5)
    held = spending_bounds([0.4, 1], as_planned(plan), alpha=0.05, sides=2)
    assert told(found, "upper") == pytest.approx(held.upper.tolist(), abs=1e-12)
    assert told(found, "lower") == pytest.approx((-held.upper).tolist(), abs=1e-12)


def test_a_trial_under_way_asks_for_the_looks_that_were(capsys):
    """And one that ends early spends all that is left."""
    _, soon = asked(capsys, "--looks 0.3,0.55")
    _, last = asked(capsys, "--looks 0.3,0.55 --last")
    assert soon["looks"][0]["upper"] == last["looks"][0]["upper"]
    assert soon["looks"][1]["upper"] > last["looks"][1]["upper"]
    assert told(last, "alpha_spent")[-1] == pytest.approx(0.025, abs=1e-9)


def test_power_and_futility_are_those_of_the_method(capsys):
    code, found = asked(
        capsys,
        "--looks 3 --power 0.9 --futility hsd --futility-gamma -2 "
        "--spending hsd --gamma -4",
    )
    assert code == 0
    plan = spending_bounds([1 / 3, 2 / 3, 1], HwangShihDeCani(-4), alpha=0.025)
    bounds, effect = with_futility(plan, HwangShihDeCani(-2), power=0.9)
    assert told(found, "lower") == pytest.approx(bounds.lower.tolist(), abs=1e-9)
    assert found["cost"]["effect"] == pytest.approx(effect, abs=1e-9)
    assert sum(told(found, "stops_above_effect")) == pytest.approx(0.9, abs=1e-8)
    assert sum(told(found, "stops_below_effect")) == pytest.approx(0.1, abs=1e-8)


def test_a_late_look_spends_by_the_calendar(capsys):
    """Information came slowly: time says how much is spent, not how looks correlate."""
    words = "--looks 0.3,0.6 --times 0.5,1 --spending lan-demets-pocock"
    code, found = asked(capsys, words)
    assert code == 0
    held = spending_bounds([0.3, 0.6], LanDeMetsPocock(), alpha=0.025, times=[0.5, 1.0])
    assert told(found, "upper") == pytest.approx(held.upper.tolist(), abs=1e-12)
    assert told(found, "time") == [0.5, 1.0]
    # A half of the time, though not of the information; and all of it at the end.
    assert told(found, "alpha_spent") == pytest.approx([0.0155, 0.025], abs=5e-5)
    _, more = asked(capsys, "--looks 0.6,1.3 --times 0.5,1")
    assert told(more, "alpha_spent")[-1] == pytest.approx(0.025, abs=1e-8)


def test_few_degrees_of_freedom_are_allowed_for_and_told_as_t(capsys):
    code, found = asked(capsys, "--looks 0.4,0.7,1 --df 6")
    assert code == 0
    held = spending_bounds(
        [0.4, 0.7, 1], LanDeMetsOBrienFleming(), alpha=0.025, df=[6.0] * 3
    )
    assert told(found, "upper") == pytest.approx(held.upper.tolist(), abs=1e-12)
    assert told(found, "df") == [6.0] * 3
    for t, p in zip(told(found, "upper_t"), told(found, "nominal_p"), strict=True):
        assert stats.t.sf(t, 6) == pytest.approx(p)
    _, plain = asked(capsys, "--looks 0.4,0.7,1")
    assert told(found, "upper")[1] > told(plain, "upper")[1]
    assert told(plain, "upper_t") == [None] * 3
    words = "--looks 2 --df 4,8 --times 0.5,1"
    assert main(["evaluation", "bounds", *words.split()]) == 0
    out = capsys.readouterr().out.splitlines()
    assert "time" in out[0]
    assert "stop at t" in out[0]


def test_people_read_a_table_and_what_it_costs(capsys):
    words = "--looks 0.05,0.5,1 --power 0.8 --futility lan-demets-pocock --binding"
    assert main(["evaluation", "bounds", *words.split()]) == 0
    out = capsys.readouterr().out
    plan = spending_bounds([0.05, 0.5, 1], LanDeMetsOBrienFleming(), alpha=0.025)
    assert plan.upper[0] == float("inf")
    first = out.splitlines()[1].split()
    assert first[:3] == ["1", "0.05", "none"]
    assert "a chance of 0.025, all looks together" in out
    assert "a power of 80.0%" in out
    assert "Futility binds" in out


def test_the_command_offers_every_way_of_spending():
    assert get_args(evaluation_bounds.Spending) == get_args(SpendingName)
    assert get_args(evaluation_bounds.Futility) == get_args(FutilityName)


REFUSED = {
    "--looks 0.5,0.4,1": "bounds-looks",
    "--looks 0.5,0.5,1": "bounds-looks",
    "--looks 0,1": "bounds-looks",
    "--looks 0.5,1.1": "bounds-looks",
    "--looks nan,1": "bounds-looks",
    "--looks inf": "bounds-looks",
    "--looks half,1": "bounds-looks",
    "--looks 0": "bounds-looks",
    "--looks 201": "bounds-looks",
    "--looks 99999999999999999999": "bounds-looks",
    "--looks 0.5,0.50001,1": "bounds-looks",
    "--looks 0.5,0.9 --spending pocock": "bounds-looks",
    "--looks 0.5,0.9 --power 0.8": "bounds-looks",
    "--looks 0.5,1 --planned 1,0.5 --spending pocock": "bounds-looks",
    "--looks 2 --alpha 0": "bounds-alpha",
    "--looks 2 --alpha 0.51": "bounds-alpha",
    "--looks 2 --alpha nan": "bounds-alpha",
    "--looks 2 --alpha 1e-12": "bounds-alpha",
    "--looks 2 --spending hsd": "bounds-spending",
    "--looks 2 --spending hsd --gamma nan": "bounds-spending",
    "--looks 2 --spending hsd --gamma 41": "bounds-spending",
    "--looks 2 --spending kim-demets --gamma 0": "bounds-spending",
    "--looks 2 --spending pocock --gamma 1": "bounds-spending",
    "--looks 2 --gamma 1": "bounds-spending",
    "--looks 2 --planned 0.5,1": "bounds-spending",
    "--looks 2 --power 0.8 --futility hsd": "bounds-spending",
    "--looks 2 --power 1": "bounds-power",
    "--looks 2 --power 0.02": "bounds-power",
    "--looks 2 --power nan": "bounds-power",
    "--looks 2 --futility hsd --futility-gamma -2": "bounds-power",
    "--looks 2 --power 0.8 --binding": "bounds-power",
    "--looks 0.1,0.5,0.9,1 --spending kim-demets --gamma 50 --power 0.025001 "
    "--futility lan-demets-pocock": "bounds-power",
    "--looks 2 --power 0.8 --sides 2 --futility lan-demets-of": "bounds-power",
    "--looks 2 --times 0.5": "bounds-looks",
    "--looks 2 --times 1,0.5": "bounds-looks",
    "--looks 2 --times 0.5,1.2": "bounds-looks",
    "--looks 2 --times nan,1": "bounds-looks",
    "--looks 2 --times soon,1": "bounds-looks",
    "--looks 2 --times 0.5,1 --spending pocock": "bounds-spending",
    "--looks 2 --df 8 --spending obrien-fleming": "bounds-spending",
    "--looks 2 --df 0": "bounds-df",
    "--looks 2 --df inf": "bounds-df",
    "--looks 2 --df 5,6,7": "bounds-df",
    "--looks 2 --df 6 --power 0.8": "bounds-df",
    "--looks 0.6,1.3 --times 0.5,1 --power 0.8": "bounds-looks",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_in_words(capsys, words):
    code, found = asked(capsys, words)
    assert code == 10
    assert found["error"]["code"] == REFUSED[words]
    assert 1 <= len(found["error"]["remedies"]) <= 3
    assert "Traceback" not in found["error"]["what"]
