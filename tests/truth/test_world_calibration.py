"""The world does what its figures say, within Monte Carlo error.

Twelve worlds each; the tolerance is four standard errors of their mean, and half of
the last digit that a figure is quoted with.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

N_WORLDS = 12
_FILE = Path(__file__).parents[2] / "bench" / "world_calibration.py"
_spec = importlib.util.spec_from_file_location("world_calibration", _FILE)
world_calibration = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(world_calibration)


def worlds(effect, harm):
    made = [
        world_calibration.one_world(50 + seed, effect, harm, None)
        for seed in range(N_WORLDS)
    ]
    return {name: np.array([one[name] for one in made], float) for name in made[0]}


@pytest.fixture(scope="module")
def usual():
    return worlds(0.06, 0.0)


@pytest.fixture(scope="module")
def harmful():
    return worlds(0.06, 0.04)


def close(values, target, digits=3):
    error = values.std(ddof=1) / np.sqrt(len(values))
    return abs(values.mean() - target) < 4 * error + 0.5 * 10.0**-digits


def within(values, low, high):
    error = values.std(ddof=1) / np.sqrt(len(values))
    return low - 4 * error < values.mean() < high + 4 * error


@pytest.mark.parametrize(
    ("figure", "target"),
    [
        ("uncontrolled visits", 0.338),
        ("intensified at uncontrolled visits", 0.131),
        ("expected control, SVI quartile 1", 0.748),
        ("expected control, SVI quartile 4", 0.703),
        ("equity gap", -0.045),
        ("effect (planted)", 0.06),
    ],
)
def test_a_figure_meets_its_target(usual, figure, target):
    assert close(usual[figure], target)


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ("clinic ICC, process", 0.01, 0.05),
        ("clinic ICC, outcome", 0.01, 0.03),
        ("cards overridden or ignored", 0.46, 0.96),
        ("low pressure nowhere", 0.01, 0.02),
        ("control difference", -0.007, 0.019),
        ("trial: se of low pressure", 0.0, 0.006),
    ],
)
def test_a_figure_lies_in_its_range(usual, figure, low, high):
    assert within(usual[figure], low, high)


def test_there_are_enough_people_with_hypertension(usual):
    assert usual["hypertensive adults"].min() >= 3_000


def test_a_plain_cluster_analysis_is_unbiased_and_has_power(usual):
    error = usual["trial: effect found"] - usual["effect (planted)"]
    assert abs(error.mean()) < 4 * error.std(ddof=1) / np.sqrt(N_WORLDS)
    # 90% power needs a standard error of at most 0.06 / (1.96 + 1.28).
    assert within(usual["trial: se of effect"], 0.0, 0.0185)


def test_outcomes_are_observed_alike_in_both_worlds(usual):
    everywhere = usual["systolic observed, everywhere"]
    assert abs((everywhere - usual["systolic observed, nowhere"]).mean()) < 0.005


def test_the_planted_harm_comes_true_and_leaves_the_effect_alone(harmful, usual):
    extra = harmful["harm (planted, observed)"] - usual["harm (planted, observed)"]
    assert close(extra, 0.04)
    assert close(harmful["effect (planted)"], 0.06)


def test_harm_needs_a_planted_harm(usual):
    """What is left is natural: low pressures of those whom the card got treated."""
    assert within(usual["harm (planted, observed)"], 0.0, 0.004)


def test_another_effect_comes_true_too():
    made = worlds(0.15, 0.0)
    assert close(made["effect (planted)"], 0.15, digits=2)
    assert not close(made["effect (planted)"], 0.06)


def test_no_effect_is_exactly_none():
    made = worlds(0.0, 0.0)
    assert (made["effect (planted)"] == 0).all()
    assert (made["harm (planted, observed)"] == 0).all()
    assert (made["cards overridden or ignored"] == 1).all()


@pytest.fixture(scope="module")
def problems():
    made = [
        world_calibration.one_world_of_problems(50 + seed, None)
        for seed in range(N_WORLDS)
    ]
    return {name: np.array([one[name] for one in made], float) for name in made[0]}


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ("HbA1c tested within the year", 0.82, 0.86),
        ("of those tested, below 7%", 0.505, 0.574),
        ("HbA1c above 9% or not tested", 0.22, 0.40),
    ],
)
def test_a_figure_of_diabetes_lies_in_its_range(problems, figure, low, high):
    assert within(problems[figure], low, high)


def test_diabetes_stands_where_it_stood(problems):
    """What is planted on the first day still holds a year and a half later."""
    assert within(problems["of those tested, above 9%"], 0.15, 0.20)
    assert within(problems["on a statin"], 0.62, 0.70)
