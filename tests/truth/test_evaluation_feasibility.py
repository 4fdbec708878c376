"""What is said of a trial before it is begun, beside what is true of its site.

`make test-feasibility` makes many more sites and trials (`ROUNDS_TRIALS`), and prints
the lines of docs/reference/accuracy.md.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from rounds.conduct.strata import clinic_strata
from rounds.datamart import Datamart, load
from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures
from rounds.loop.evaluation.estimates.effects import fit
from rounds.loop.evaluation.feasibility import (
    Asked,
    feasibility,
    read_past,
    stream_begins,
    stretch,
)
from rounds.loop.evaluation.feasibility.adapting import AdaptiveTrial
from rounds.loop.evaluation.feasibility.allocating import draw_of
from rounds.loop.evaluation.feasibility.describing import describe
from rounds.loop.evaluation.feasibility.looking import DesignLook, enrolled_in
from rounds.loop.evaluation.feasibility.made_trials import make_trials, with_effect
from rounds.loop.evaluation.feasibility.plans import DESIGNS, in_weeks
from rounds.loop.evaluation.feasibility.question import Question
from rounds.methods.multilevel.icc import anova_icc
from rounds.world import World, WorldConfig
from stories import past as story
from stories import trial

TRIALS = int(os.environ.get("ROUNDS_TRIALS", "0"))
SITES = TRIALS or 60
AGREE = 0.02


def outcomes(site, n, start=0):
    found = []
    for seed in range(start, start + n):
        past = story.made(site, seed)
        found.append(
            describe(past.people, past.people, story.LONGEST, is_share=not site.number)
        )
    return found


def error_of(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


def test_icc_and_rate_are_those_of_the_sites():
    """Within 10% and the Monte Carlo error; their intervals cover as often as said."""
    site = story.Site(clinics=20, per_clinic=80, icc=0.05, autocorrelation=1.0)
    found = outcomes(site, SITES)
    icc = np.array([one.icc.value for one in found])
    rate = np.array([one.value.value for one in found])
    covered = {
        "icc": np.mean([o.icc.lower < site.icc < o.icc.upper for o in found]),
        "rate": np.mean([o.value.lower < site.rate < o.value.upper for o in found]),
    }
    print(f"ICC {icc.mean():.4f} ± {error_of(icc):.4f}, truth {site.icc}; {covered}")
    assert abs(icc.mean() - site.icc) < 0.1 * site.icc + 4 * error_of(icc)
    assert abs(rate.mean() - site.rate) < 4 * error_of(rate)
    slack = 0.01 + 4 * np.sqrt(0.95 * 0.05 / SITES)
    assert all(share > 0.95 - slack for share in covered.values())


def test_autocorrelation_tells_steady_clinics_from_others():
    truths = (0.3, 0.8)
    means = []
    for truth in truths:
        site = story.Site(
            clinics=30, per_clinic=240, icc=0.1, autocorrelation=truth, number=True
        )
        found = [one.autocorrelation for one in outcomes(site, 12)]
        means.append(np.mean(found))
        print(f"autocorrelation {means[-1]:.3f} ± {error_of(found):.3f}, truth {truth}")
        assert abs(means[-1] - truth) < 0.1 * truth + 4 * error_of(found)
    assert means[1] - means[0] > 0.3


def test_the_correlation_with_the_baseline_is_attenuated_as_it_must_be():
    """Two rates of one level, each with its sampling error."""
    site = story.Site(
        clinics=30, per_clinic=80, icc=0.08, autocorrelation=1.0, variation=0.0
    )
    found = [one.with_baseline.value for one in outcomes(site, 20)]
    shared = site.icc * site.total
    now, before = (shared + site.total / n for n in (80, 80))
    expected = shared / np.sqrt(now * before)
    assert abs(np.mean(found) - expected) < 0.1 * expected + 4 * error_of(found)


SITE = story.Site(clinics=16, per_clinic=60, icc=0.04, more_visits=1.5, alike=0.4)
EFFECTS = {
    "clinic": 0.17,
    "matched-pairs": 0.17,
    "covariate-constrained": 0.17,
    "patient": 0.13,
    "minimisation": 0.13,
    "cluster-crossover": 0.15,
    "stepped-wedge": 0.25,
    "factorial": 0.17,
    "encounter": 0.08,
    "response-adaptive": 0.13,
}
QUICK = ("clinic", "matched-pairs", "patient", "factorial", "encounter")
"""A model with random effects takes too long for every change."""
WEEKS = 40


def detected(name, past, effect, rng):
    """Make one trial among patients that nobody has seen, and analyse it."""
    design, protocol = in_weeks(DESIGNS[name], story.protocol(), WEEKS)
    until = np.datetime64(past.stretch.start, "D") + np.timedelta64(7 * WEEKS, "D")
    people = past.visits if design.unit == "encounter" else past.people
    people = draw_of(design, people.where(people.index_date < until), past)(rng)
    if design.adaptation is None:
        people = with_effect(people, effect, rng, is_share=True)
    else:
        everybody = replace(people, active=np.ones(len(people), bool))
        with_it = with_effect(everybody, effect, rng, is_share=True).outcome
        how = AdaptiveTrial.of(protocol, story.protocol(), past)
        people = how.allocated(people, with_it, rng)
    return fit(people, protocol).lower > 0


def planned(site, seed):
    past = story.made(site, seed)
    return replace(past, stretch=replace(past.stretch, weeks=WEEKS))


@pytest.mark.parametrize("name", EFFECTS if TRIALS else QUICK)
def test_predicted_power_is_the_share_of_trials_that_find_the_effect(name):
    """By formula and by made trials; of sites that are planned, and then tried anew.

    The trials are of other patients at the same clinics, with other luck.
    """
    n_sites, n_trials = (TRIALS // 10 or 4), 15
    asked = Asked(effect=EFFECTS[name], trials=max(100, TRIALS // 2))
    effect, rng = EFFECTS[name], np.random.default_rng(7)
    formula, made, tried = [], [], []
    for seed in range(n_sites):
        past = planned(SITE, seed)
        found = one_design(name, past, asked)
        formula.append(found.power)
        made.append(found.made.power)
        of = story.levels(SITE, seed)
        tried.append(
            np.mean(
                [
                    detected(
                        name, story.made(SITE, 10_000 + 100 * seed + k, of), effect, rng
                    )
                    for k in range(n_trials)
                ]
            )
        )
    beyond = np.array(made) - np.array(tried)
    if name == "response-adaptive":  # by made trials alone
        assert set(formula) == {None}
        formula = made
    apart = np.array(formula) - np.array(made)
    print(
        f"{name:<24}{np.mean(formula):7.1%} {np.mean(made):7.1%} ± {error_of(made):.1%}"
        f" {np.mean(tried):7.1%} ± {error_of(tried):.1%}"
    )
    assert abs(apart.mean()) < AGREE + 3 * error_of(apart)
    assert abs(beyond.mean()) < AGREE + 4 * error_of(beyond)


QUESTIONS = {
    "ratio of risks, clinics": (
        "covariate-constrained",
        1.5,
        story.asking("risk_ratio"),
    ),
    "ratio of odds, clinics": ("clinic", 2.1, story.asking("odds_ratio")),
    "ratio of risks, patients": ("patient", 0.7, story.asking("risk_ratio")),
    "not inferior, clinics": (
        "clinic",
        0.0,
        story.asking(hypothesis="non-inferiority", margin=0.16),
    ),
    "equivalent, patients": (
        "patient",
        0.0,
        story.asking(hypothesis="equivalence", margin=0.12),
    ),
}


@pytest.mark.parametrize("named", QUESTIONS if TRIALS else ("not inferior, clinics",))
def test_power_of_ratios_and_of_margins_is_that_of_made_trials(named):
    name, effect, plan = QUESTIONS[named]
    asked = Asked(effect, trials=max(100, TRIALS // 2))
    formula, made = [], []
    for seed in range(TRIALS // 10 or 4):
        look = DesignLook(DESIGNS[name], planned(SITE, seed), plan, asked)
        found = look.answer(is_share=True)
        formula.append(found.power)
        made.append(found.made.power)
    apart = np.array(formula) - np.array(made)
    print(
        f"{named:<26}{np.mean(formula):7.1%} {np.mean(made):7.1%} "
        f"(apart {apart.mean():+.1%} ± {error_of(apart):.1%})"
    )
    assert abs(apart.mean()) < AGREE + 3 * error_of(apart)


RARE = story.Site(clinics=16, per_clinic=90, rate=0.04, icc=0.01)
MARGINS = {"clinic": 0.04, "cluster-crossover": 0.04, "stepped-wedge": 0.06}


@pytest.mark.parametrize("name", MARGINS if TRIALS else ("cluster-crossover",))
def test_a_harm_is_excluded_as_often_as_made_trials_exclude_it(name):
    """By the interval that harms have, which in wedges and cross-overs is wider."""
    low = trial.endpoint(
        "balancing", trial.BALANCING, "low", "lower", margin=MARGINS[name]
    )
    asked = Question.harmless(low)
    trials = max(100, TRIALS // 2)
    formula, made, by_model = [], [], []
    for seed in range(TRIALS // 10 or 6):
        past = planned(RARE, seed)
        look = DesignLook(DESIGNS[name], past, story.protocol(), Asked(0.1, trials=0))
        found = look.predicted_of(past.people, WEEKS, low, is_share=True)
        formula.append(found.power(asked))
        as_effect = look.predicted_of(
            past.people,
            WEEKS,
            low.model_copy(update={"role": "secondary"}),
            is_share=True,
        )
        by_model.append(as_effect.power(asked))
        design, protocol = in_weeks(DESIGNS[name], story.protocol(), WEEKS)
        draw = draw_of(design, enrolled_in(past.people, past, WEEKS), past)
        rng = np.random.default_rng(seed)
        told = make_trials(
            draw, protocol, asked, past.levels, rng, trials=trials, is_share=True
        )
        made.append(told.power)
    apart = np.array(formula) - np.array(made)
    print(
        f"harm, {name:<20}{np.mean(formula):7.1%} {np.mean(made):7.1%} "
        f"(apart {apart.mean():+.1%} ± {error_of(apart):.1%}; by the interval of "
        f"effects {np.mean(by_model):.1%})"
    )
    assert abs(apart.mean()) < AGREE + 3 * error_of(apart)
    wider = np.array(by_model) - np.array(formula)
    assert np.all(wider > 0 if name != "clinic" else wider == 0)


def test_an_interaction_is_found_as_often_as_said():
    """And margins are withheld as often, where nothing interacts."""
    asked = Asked(0.25, trials=max(100, TRIALS // 2))
    pairs = []
    for seed in range(TRIALS // 10 or 2):
        found = one_design("factorial", planned(SITE, seed), asked).interaction
        pairs.append((found.power, found.made.power))
        pairs.append((found.withheld, found.made_withheld.power))
    for formula, made in (np.array(pairs[0::2]).T, np.array(pairs[1::2]).T):
        slack = AGREE + 4 * np.sqrt(0.25 / asked.trials / len(made))
        print(f"interaction {formula.mean():.1%} {made.mean():.1%}")
        assert abs((formula - made).mean()) < slack


def one_design(name, past, asked):
    """Answer for one design alone."""
    look = DesignLook(DESIGNS[name], past, story.protocol(), asked)
    return look.answer(is_share=True)


def test_weeks_to_an_answer_are_those_after_which_trials_find_it():
    """One week fewer and the power that was wanted is not reached."""
    past = story.made(story.Site(clinics=20, per_clinic=90, icc=0.01), 3)
    found = one_design("clinic", past, Asked(0.12, trials=0))
    assert story.LONGEST > found.weeks > 4
    rng = np.random.default_rng(5)
    n = TRIALS or 100
    for weeks, least, most in ((found.weeks, 0.8, 1.0), (found.weeks // 2, 0.0, 0.7)):
        design, protocol = in_weeks(DESIGNS["clinic"], story.protocol(), weeks)
        until = past.people.index_date.min() + np.timedelta64(7 * weeks, "D")
        people = past.people.where(past.people.index_date < until)
        draw = draw_of(design, people, past)
        hits = np.mean(
            [
                fit(with_effect(draw(rng), 0.12, rng, is_share=True), protocol).lower
                > 0
                for _ in range(n)
            ]
        )
        slack = AGREE + 4 * np.sqrt(0.8 * 0.2 / n)
        assert least - slack < hits < most + slack


# -- made health systems, lived on past go-live without a card


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Predicted at go-live, and seen afterwards: enrolled, rate, ICC."""
    measures = builtin_measures()
    primary = measures["intensified-after-first-uncontrolled"]
    low = measures["low-pressure-after-first-uncontrolled"]
    plan = trial.protocol(
        endpoints=(
            trial.endpoint("primary", primary.ref(), primary.name, "higher"),
            trial.endpoint("balancing", low.ref(), low.name, "lower", margin=0.03),
        )
    )
    found = []
    for seed in range((TRIALS and 20) or 3):
        root = tmp_path_factory.mktemp(f"world{seed}")
        made = World(WorldConfig(people=4_000, n_clinics=12, seed=seed, effect=0.0))
        made.live(made.trial_end, None)
        made.write_omop(root / "omop")
        load(root / "omop", root / "mart", threads=1)
        with Datamart.open(root / "mart", threads=1) as mart:
            held = mart.status()
            ends = {"first": held.first_date, "last": held.last_date}
            first = stream_begins(mart, primary, **ends)
            assert (
                0 <= (first - made.begin).days < 28 < (made.begin - ends["first"]).days
            )
            days = stretch(plan.go_live, 26, 90, first=first, last=ends["last"])
            past = read_past(
                mart,
                plan,
                days,
                measures={str(one.ref()): one for one in (primary, low)},
                first=first,
                stratify=clinic_strata,
            )
            after = measure_rows(mart, primary, plan.enrolment)
        found.append((past, after, plan))
    return found


def test_what_is_expected_in_a_made_health_system_is_what_comes(worlds):
    """Enrolled and rate within 10%, over several systems and the Monte Carlo error."""
    n, rate, icc = [], [], []
    for past, after, _ in worlds:
        until = np.datetime64(past.stretch.planned.end, "D")
        enrolled = past.people.where(past.people.index_date <= until)
        seen = after.denominator & after.observed
        n.append(np.log(len(enrolled) / after.denominator.sum()))
        rate.append(np.log(np.mean(enrolled.outcome) / np.mean(after.value[seen])))
        alike = np.zeros(int(seen.sum()))
        icc.append(
            describe(enrolled, enrolled, 26, is_share=True).icc.value
            - anova_icc(after.value[seen], after.care_site[seen], alike)
        )
    print("enrolled, rate (log ratios), ICC (difference):", n, rate, icc)
    assert abs(np.mean(n)) < np.log(1.1)
    assert abs(np.mean(rate)) < np.log(1.1) + 2 * error_of(rate)
    assert abs(np.mean(icc)) < 0.01 + 2 * error_of(icc)


def test_the_stream_thins_so_months_are_not_multiplied(worlds):
    """Half of the weeks bring more than half: each patient comes for the first time."""
    for past, after, plan in worlds:
        start = np.datetime64(plan.go_live, "D")
        day = (after.index_date[after.denominator] - start).astype(int)
        first_month = (day < 28).sum() * 26 / 4
        assert first_month > 1.3 * after.denominator.sum()
        days = (past.people.index_date - np.datetime64(past.stretch.start, "D")).astype(
            int
        )
        here = [(days < 7 * weeks).sum() / (day < 7 * weeks).sum() for weeks in (4, 13)]
        assert all(0.8 < one < 1.25 for one in here)


def test_a_balancing_margin_of_a_made_health_system_is_answered(worlds):
    past, _, plan = worlds[0]
    found = feasibility(past, story.BLOCKS, plan, Asked(0.06, trials=0))
    (harm,) = found.harms
    assert 0 < harm.value < 0.1
    assert 0.2 < harm.power <= 1
