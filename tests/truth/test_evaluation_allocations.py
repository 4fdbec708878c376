"""Each allocation with its analysis: intervals hold as often as they say, checks fire.

`ROUNDS_ALLOCATIONS=2000` makes that many trials of each kind (`make test-allocations`).
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.participants import clinic_rates, clinic_sizes
from rounds.methods.allocations.constrained_allocations import imbalance
from rounds.methods.allocations.minimisation import coins
from rounds.nouns import ConstrainedSet
from stories import allocations as story
from stories import trial

N = int(os.environ.get("ROUNDS_ALLOCATIONS", "80"))
LARGE = N >= 1_000

WORLDS = {
    "4 matched pairs": story.Made("matched_pairs"),
    "10 matched pairs": story.Made("matched_pairs", clinics=20),
    "14 clinics, constrained": story.Made("covariate_constrained", clinics=14),
    "minimisation, 8 clinics": story.Made("minimisation", per_clinic=40),
    "minimisation, 3 clinics": story.Made("minimisation", clinics=3, per_clinic=80),
}
SMALL = ("4 matched pairs", "14 clinics, constrained", "minimisation, 8 clinics")


def slack(share, n=N):
    """Four Monte Carlo errors in a small run, two in a large one."""
    return (2 if LARGE else 4) * np.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize("name", WORLDS if LARGE else SMALL)
def test_the_estimate_is_unbiased_and_its_interval_misses_as_often_as_it_says(
    name, capsys
):
    """Without effect and with one: an interval of 95% misses the truth at 5%."""
    for effect in (0.0, 0.1) if LARGE else (0.0,):
        made = replace(WORLDS[name], effect=effect)
        found = story.fits(made, N)
        errors = np.array([f.estimate for f in found]) - effect
        missed = story.missed(found, effect)
        df = np.mean([f.df for f in found])
        if LARGE:
            with capsys.disabled():
                print(
                    f"\n{name:<26}{effect:>5.2f}  bias {100 * errors.mean():+.2f} ± "
                    f"{100 * errors.std() / np.sqrt(N):.2f}  missed "
                    f"{100 * missed:.1f} ± {100 * slack(missed) / 2:.1f}%  df {df:.1f}"
                )
        assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(N)
        assert missed <= 0.05 + (0.01 if LARGE else slack(0.05))


def test_four_pairs_have_at_most_three_degrees_of_freedom():
    """Pairs less one, where they are alike; fewer where sizes differ."""
    df = [f.df for f in story.fits(WORLDS["4 matched pairs"], 20)]
    assert 1.5 < np.mean(df) <= max(df) <= 3.0 + 1e-9


def test_ignoring_how_clinics_were_allocated_makes_intervals_too_wide(capsys):
    """Unadjusted, after constraining, they miss too seldom and are wider by far."""
    made = WORLDS["14 clinics, constrained"]
    n = N // 2
    adjusted, plain = (story.fits(made, n, covariates=c) for c in (None, ()))
    width = [np.mean([f.upper - f.lower for f in each]) for each in (adjusted, plain)]
    missed = [story.missed(each, 0.0) for each in (adjusted, plain)]
    if LARGE:
        with capsys.disabled():
            print(
                f"\n{n} constrained trials: adjusted misses {100 * missed[0]:.1f}%, "
                f"unadjusted {100 * missed[1]:.1f}%, {width[1] / width[0]:.2f} as wide"
            )
    assert width[1] > 1.15 * width[0]
    assert missed[1] <= missed[0]


def test_ignoring_the_pairs_is_worse_than_keeping_them():
    """Without pair effects the interval is that of eight clinics unlike each other."""
    made = replace(WORLDS["4 matched pairs"], clinics=16, per_clinic=30)
    with_pairs = story.fits(made, 20)
    without = story.fits(made, 20, covariates=(), judged_as="permuted_blocks")
    width = [np.median([f.upper - f.lower for f in e]) for e in (with_pairs, without)]
    assert width[0] < width[1]


def sample_ratio(evaluation):
    return next(d for d in evaluation.diagnostics if d.name == "sample_ratio")


def sealed(evaluation):
    return evaluation.estimate.sealed is not None


PAIRS = trial.World(clinics=12, per_clinic=30, allocate=story.clinics_in_pairs)


def test_pairs_as_designed_pass_and_a_pair_with_two_in_one_arm_fails():
    drawn_by = story.design("matched_pairs")
    fine = story.judged(PAIRS, 1, drawn_by)
    assert sample_ratio(fine).verdict == "pass"
    assert not sealed(fine)
    assert "by pair" in fine.estimate.method

    def spoil(allocation):
        allocation["clinic-00"] = allocation["clinic-01"]

    broken = story.judged(PAIRS, 1, drawn_by, change=spoil)
    assert sample_ratio(broken).verdict == "fail"
    assert "1 of 6 matched pairs" in sample_ratio(broken).detail
    assert sealed(broken)


def constrained(**spoilt):
    """A made trial of clinics, and the set of which its allocation is the worst."""
    world = trial.World(clinics=12, per_clinic=30)
    made = trial.made(world, 3)
    rates, sizes = clinic_rates(made.before), clinic_sizes(made.before)
    basis = {
        unit: {"size": float(sizes[unit] + 3 * i), "baseline_rate": rates[unit]}
        for i, unit in enumerate(made.allocation)
    }
    arms = np.array([[arm == "active" for arm, _ in made.allocation.values()]])
    score = imbalance(arms, [list(one.values()) for one in basis.values()])[0]
    allowed = ConstrainedSet(
        candidates=924,
        all_listed=True,
        admitted=92,
        highest_score=score * spoilt.get("allowed", 1.0),
        least_together=0.3,
        most_together=0.7,
    )
    return story.judged(
        world,
        3,
        story.design("covariate_constrained"),
        basis={} if "lost" in spoilt else basis,
        constrained_set=allowed,
        change=spoilt.get("change"),
    )


def test_an_allocation_outside_the_constrained_set_fails():
    fine = constrained()
    assert sample_ratio(fine).verdict == "pass"
    assert not sealed(fine)
    assert any("30% to 70%" in said for said in fine.limitations)
    outside = constrained(allowed=0.9)
    assert sample_ratio(outside).verdict == "fail"
    assert "outside the constrained set" in sample_ratio(outside).detail
    assert sealed(outside)


def test_strata_that_are_not_halved_or_a_lost_record_fail():
    def spoil(allocation):
        for unit, (_, stratum) in list(allocation.items())[:3]:
            allocation[unit] = ("active", stratum)

    assert "not halved" in sample_ratio(constrained(change=spoil)).detail
    lost = sample_ratio(constrained(lost=True))
    assert lost.verdict == "fail"
    assert "not in the record" in lost.detail


def test_a_look_at_what_else_could_have_been_drawn_stands_beside_the_estimate():
    """64 ways to turn six pairs; the constrained set of 12 clinics; none if sealed."""
    paired = story.judged(PAIRS, 1, story.design("matched_pairs")).randomisation_test
    assert (paired.n_allocations, paired.is_exact) == (64, True)
    assert paired.p_value >= 2 / 64
    among = constrained().randomisation_test
    assert among.is_exact
    assert 2 <= among.n_allocations < 924
    assert constrained(lost=True).randomisation_test is None
    blocks, _ = trial.judged(trial.World(clinics=8, per_clinic=20), 1)
    assert blocks.randomisation_test is None


def test_the_test_by_allocations_misleads_no_more_often_than_it_says():
    """Six pairs of clinics with no effect: at 5%, from 64 allocations, 3 in 64."""
    world = replace(PAIRS, effect=0.0, per_clinic=15)
    drawn_by = story.design("matched_pairs")
    found = [story.judged(world, seed, drawn_by) for seed in range(25)]
    below = np.mean([e.randomisation_test.p_value <= 0.05 for e in found])
    assert below <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 25)


@pytest.mark.parametrize(
    ("coin", "verdict"), [(0.8, "pass"), (0.5, "fail"), (0.99, "fail")]
)
def test_a_minimisation_whose_coin_was_another_fails(coin, verdict):
    """A coin that always falls as it should can be foretold; a fair one never helps."""
    world = trial.World(
        clinics=8,
        per_clinic=30,
        unit="patient",
        allocate=story.patients_minimised(coin),
    )
    allocation = trial.made(world, 5).allocation
    basis = {patient: story.levels_of(patient) for patient in allocation}
    found = story.judged(world, 5, story.design("minimisation"), basis=basis)
    assert sample_ratio(found).verdict == verdict
    assert sealed(found) is (verdict == "fail")


def test_minimisation_is_rarely_sealed_by_chance():
    """Of healthy records at most a few in a thousand are held to be spoilt."""
    world = trial.World(clinics=6, per_clinic=15, unit="patient")
    drawn = story.patients_minimised(0.8)
    p_values = []
    for seed in range(150):
        record = drawn(world, np.random.default_rng(seed))
        signs = [
            (story.levels_of(p), 1 if arm == "active" else -1)
            for p, (arm, _) in record.items()
        ]
        p_values.append(coins(signs).p_value(0.8))
    below = np.mean(np.array(p_values) < 0.05)
    assert below <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 150)
    assert min(p_values) > 0.0001
