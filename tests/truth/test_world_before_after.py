"""What a comparison of before and after takes for the card's, in a world that tells."""

import json
from statistics import mean, stdev

import pytest
from scipy.special import expit, logit

from rounds.world import World, WorldConfig

SEEDS = range(1, 7)


def told(tmp_path, seed, **planted):
    settings = {"people": 2_500, "n_clinics": 10, "n_outliers": 0, "effect": 0.0}
    world = World(WorldConfig(seed=seed, weeks=26, **settings | planted))
    world.seal(tmp_path / f"{seed}.json")
    truth = json.loads((tmp_path / f"{seed}.json").read_text())
    counts = truth["before_and_after"]["clinics"]
    before, after = (
        sum(one[time]["intensified"] for one in counts)
        / sum(one[time]["n"] for one in counts)
        for time in ("before", "after")
    )
    return after - before - truth["effect"]["overall"], truth, before


def test_it_is_right_where_nothing_else_changes_and_wrong_where_something_does(
    tmp_path,
):
    calm = [told(tmp_path, seed)[0] for seed in SEEDS]
    lifted = [told(tmp_path, seed, campaign=0.4) for seed in SEEDS]
    busy = [one[0] for one in lifted]
    error = stdev(calm) / len(calm) ** 0.5
    assert abs(mean(calm)) < 3.5 * error
    rises = [high - low for high, low in zip(busy, calm, strict=True)]
    # 0.4 on the logit scale, which no card did; clinics differ, so it is about that.
    usual = mean(one[2] for one in lifted)
    assert mean(rises) == pytest.approx(expit(logit(usual) + 0.4) - usual, abs=0.012)


def test_a_campaign_is_no_part_of_the_effect(tmp_path):
    _, without, _ = told(tmp_path, 3, effect=0.08)
    _, beside, _ = told(tmp_path, 3, effect=0.08, campaign=0.4)
    plain, other = (one["effect"]["overall"] for one in (without, beside))
    assert other == pytest.approx(plain, abs=0.02)
    assert plain > 0.04


def test_after_it_is_counted_with_the_card_everywhere(tmp_path):
    _, truth, _ = told(tmp_path, 2, effect=0.08)
    after = [one["after"] for one in truth["before_and_after"]["clinics"]]
    overall = truth["outcomes"]["intensified"]["overall"]
    assert sum(one["n"] for one in after) == overall["n"]
    rate = sum(one["intensified"] for one in after) / overall["n"]
    assert rate == pytest.approx(overall["everywhere"])
    assert truth["before_and_after"]["weeks"] == 39
