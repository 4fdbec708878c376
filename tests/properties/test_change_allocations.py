"""Allocations of parallel trials: balanced, replayed, and told of each kind of unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.loop.change.rollouts import CovariateConstrained, MatchedPairs, Minimisation
from rounds.methods.allocations.constrained_allocations import (
    admitted_up_to,
    all_allocations,
    drawn_allocations,
    imbalance,
    n_allocations,
)
from rounds.methods.allocations.minimisation import coins
from rounds.nouns import DefinitionError, Design, Rollout, age_band
from stories import allocations as story

NAMES = ("size", "baseline_rate")


def clinics(n, seed=1):
    return story.known_clinics(n, np.random.default_rng(seed))[1]


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 15), st.integers(0, 50), st.binary(min_size=32, max_size=32))
def test_each_pair_has_one_in_each_arm_and_at_most_one_clinic_is_left(n, world, seed):
    known = clinics(n, world)
    allocated = MatchedPairs(seed, NAMES).assign(dict.fromkeys(known, "all"), known)
    pairs = {}
    for one in allocated.assignments.values():
        pairs.setdefault(one.stratum, []).append(one.arm)
    assert all(sorted(arms) == ["active", "silent"] for arms in pairs.values())
    assert len(allocated.left_out) == n % 2
    assert len(pairs) == n // 2
    assert {*allocated.assignments, *allocated.left_out} == set(known)


def test_pairs_stay_within_their_strata():
    known = clinics(10)
    units = {
        name: "north" if i < 5 else "south" for i, name in enumerate(sorted(known))
    }
    allocated = MatchedPairs(bytes(32), NAMES).assign(units, known)
    pairs = {}
    for unit, one in allocated.assignments.items():
        pairs.setdefault(one.stratum, set()).add(units[unit])
    assert all(len(strata) == 1 for strata in pairs.values())
    assert len(allocated.left_out) == 2


@pytest.mark.parametrize(("n", "listed"), [(12, True), (24, False)])
def test_a_constrained_allocation_is_in_the_set_that_it_names(n, listed):
    """Few clinics: all are listed. Many: 50,000 are drawn from the seed."""
    known = clinics(n)
    units = dict.fromkeys(known, "all")
    table = [[known[u][name] for name in NAMES] for u in sorted(known)]
    seen = set()
    for number in range(3):
        design = CovariateConstrained(story.seed_of(number), NAMES, 0.2)
        drawn = design.assign(units, known)
        told = drawn.constrained_set
        assert told.all_listed is listed
        arms = [[drawn.assignments[u].arm == "active" for u in sorted(known)]]
        seen.add(str(arms))
        assert sum(arms[0]) * 2 == n
        assert imbalance(np.array(arms), table)[0] <= told.highest_score
        assert 0 < told.least_together < told.most_together < 1
        assert 0.19 <= told.admitted / told.candidates <= 0.21
    assert len(seen) > 1


@pytest.mark.parametrize("sizes", [(4,), (5,), (4, 3), (2, 2, 5)])
def test_drawn_candidates_are_among_those_that_there_are_and_alike_in_chance(sizes):
    """Each allocation that halves the strata is drawn as often as the others."""
    strata = np.repeat(np.arange(len(sizes)), sizes)
    every = all_allocations(strata)
    assert len(np.unique(every, axis=0)) == len(every) == n_allocations(strata)
    random = np.random.default_rng(1)
    shape = (6_000, len(strata) + len(sizes))
    numbers = random.integers(0, 2**63, shape, dtype=np.uint64)
    assert drawn_allocations(strata, numbers).tolist() == sorted(every.tolist())
    one_each = [drawn_allocations(strata, row[None]) for row in numbers[:3_000]]
    _, times = np.unique(np.vstack(one_each), axis=0, return_counts=True)
    expected = 3_000 / len(every)
    assert ((times - expected) ** 2 / expected).sum() < 2.2 * len(every)


@given(st.integers(4, 9), st.integers(0, 1_000), st.sampled_from([0.05, 0.1, 0.3, 1.0]))
@settings(max_examples=25, deadline=None)
def test_an_admitted_allocation_has_its_mirror_image_beside_it(n, seed, fraction):
    """So no clinic is likelier to be active than silent."""
    every = all_allocations(np.zeros(n))
    x = np.random.default_rng(seed).normal(size=(n, 2)).round(1)
    scores = imbalance(every, x)
    admitted = every[scores <= admitted_up_to(scores, fraction)]
    assert admitted.mean(axis=0) == pytest.approx(0.5)


def test_a_set_that_is_too_small_or_too_rigid_is_refused():
    known = clinics(6)
    with pytest.raises(DefinitionError, match="at least 40") as caught:
        CovariateConstrained(bytes(32), NAMES, 0.1).assign(
            dict.fromkeys(known, "all"), known
        )
    assert caught.value.code == "constrained-set"
    known = {f"c{i:02d}": {"size": 1.0 + (i > 9) * 50 + i / 100} for i in range(12)}
    with pytest.raises(DefinitionError, match="always, or never"):
        CovariateConstrained(bytes(32), ("size",), 0.1).assign(
            dict.fromkeys(known, "all"), known
        )
    alike = {f"c{i:02d}": {"size": 50.0} for i in range(12)}
    with pytest.raises(DefinitionError, match="no covariate varies"):
        CovariateConstrained(bytes(32), ("size",), 0.1).assign(
            dict.fromkeys(alike, "all"), alike
        )


def test_what_is_not_known_of_a_clinic_is_said_without_its_name():
    known = clinics(8) | {"clinic-07": {"size": 40.0}}
    with pytest.raises(DefinitionError) as caught:
        MatchedPairs(bytes(32), NAMES).assign(dict.fromkeys(known, "all"), known)
    assert "baseline_rate of 1 clinic(s)" in str(caught.value)
    assert "clinic-07" not in str(caught.value)


LEVELS = st.fixed_dictionaries(
    {"clinic": st.sampled_from("abc"), "sex": st.sampled_from(["female", "male"])}
)


@settings(max_examples=50, deadline=None)
@given(st.lists(LEVELS, max_size=60), st.binary(min_size=32, max_size=32))
def test_a_coin_of_its_place_decides_and_the_record_tells_how_it_fell(levels, seed):
    """The lagging arm is given, or not, by a number that knows no patient."""
    design = Minimisation(seed, 0.8)
    arms = [1 if arm == "active" else -1 for arm in design.replay(levels)]
    fallen = coins(zip(levels, arms, strict=True))
    assert fallen.biased + fallen.fair == len(levels)
    heads = [design.arm(i, 1) == "active" for i in range(len(levels))]
    assert heads == [design.arm(i, -1) == "silent" for i in range(len(levels))]


def test_an_allocation_that_does_not_fit_its_units_says_which_would():
    for made, said in (
        ({"unit": "clinic", "allocation": "minimisation"}, "matched_pairs if few"),
        ({"unit": "patient", "allocation": "matched_pairs"}, "minimisation"),
        (
            {"unit": "clinic", "allocation": "matched_pairs", "balanced_on": ["phase"]},
            "of a clinic is known: size, baseline_rate",
        ),
        ({"unit": "clinic", "balanced_on": ["size"]}, "balance their strata only"),
        (
            {
                "unit": "clinic",
                "allocation": "covariate_constrained",
                "constrained_fraction": 0,
            },
            "greater than 0",
        ),
        (
            {"unit": "patient", "allocation": "minimisation", "biased_coin": 1},
            "less than 1",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            Design.model_validate(made)


def test_older_nouns_keep_their_hash():
    """What is not said is not written: a design of blocks reads as it always did."""
    plain = Design(unit="clinic").model_dump(mode="json")
    assert plain == {"unit": "clinic", "strata": [], "block_sizes": [2, 4]}
    assert Rollout.model_fields["left_out"].default == 0


def test_bands_of_age():
    assert [age_band(a) for a in (44, 45, 64, 65, None, float("nan"), -1)] == [
        "under 45", "45-64", "45-64", "65 and over", "unknown", "unknown", "unknown",
    ]  # fmt: skip
