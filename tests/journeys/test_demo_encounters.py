"""The whole loop with each visit randomised, beside the world's sealed truth."""

import datetime as dt
import json

import numpy as np
import pytest

from rounds.conduct.demo import DemoOptions, run_demo
from rounds.conduct.desk import Desk
from rounds.loop.change.rollouts import PermutedBlocks
from rounds.practice.exposures import exposure_rows
from rounds.reports import render
from rounds.reports.brief import brief_html
from rounds.reports.checklists import checklist
from rounds.school import grade
from rounds.world import World, WorldConfig
from rounds.world.state import Now
from rounds.world.trial_population import outcomes, visit_outcomes
from rounds.world.visit_truth import Replayed, visits_turned
from rounds.world.week import live_week


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    """One small turn, not watched on."""
    options = DemoOptions(
        design="encounter",
        people=1_800,
        n_clinics=9,
        weeks=12,
        effect=0.2,
        seed=1,
        watch=False,
        publish_files=False,
        threads=1,
    )
    return run_demo(tmp_path_factory.mktemp("turn") / "demo", options)


def test_the_interval_holds_the_truth_of_its_own_estimand(turned):
    """Of the same visits as the truth counts, and every required check has passed."""
    graded, truth = grade(turned), json.loads(turned.truth.read_text())
    judged = turned.evaluation
    verdicts = {d.name: d.verdict for d in judged.diagnostics if d.required}
    assert set(verdicts.values()) == {"pass"}
    assert {"carry_over", "spill_over"} < set(verdicts)
    assert graded.effect.covered
    assert graded.harm.covered
    assert graded.effect.truth > 0.1
    assert "on visits" in judged.estimate.method
    population = truth["population"]
    assert judged.estimate.n == population["n_visits"] > 1.2 * population["n"]
    assert truth["outcomes"]["intensified"]["measure"] == "treatment-intensified"
    balancing = judged.balancing[0]
    assert sum(arm.n for arm in balancing.arms if arm.n) <= population["n"]


def test_what_was_frozen_says_what_is_asked(turned):
    """The estimand of a visit, and what comes between."""
    primary = turned.protocol.primary
    assert turned.protocol.unit_of_randomisation == "encounter"
    assert primary.measure.name == "measure/treatment-intensified"
    assert "at that visit" in primary.estimand.treatment
    events = [one.event for one in primary.estimand.intercurrent_events]
    assert "the patient is seen again, with the card or without it" in events
    assert "given the past of the visits as it was" in turned.protocol.analysis


def test_every_due_call_has_the_arm_that_the_seed_gives_its_place(turned):
    """Replayed from the revealed seed, encounter by encounter."""
    ref = turned.rollout.ref()
    with Desk.open(turned.project, now=lambda: None, by="t", threads=1) as desk:
        allocated = desk.practice.assignments(ref)
        after = turned.protocol.enrolment.end + dt.timedelta(days=1)
        seed, _ = desk.practice.reveal(ref, on=after)
        noon = dt.datetime.combine(after, dt.time(12))
        calls = exposure_rows(
            desk.practice, ref, ignored_after=dt.timedelta(7), now=noon
        )
    blocks = PermutedBlocks(seed, turned.rollout.design.block_sizes)
    assert all(o.arm == blocks.arm(o.stratum, o.sequence) for o in allocated.values())
    assert set(calls.unit[calls.due]) == set(allocated)
    assert set(calls.arm[~calls.due]) == {"none"}
    assert (calls.shown == (calls.due & (calls.arm == "active"))).all()


def test_the_report_speaks_of_visits(turned):
    """In its flow, its reach, its plain words, and among what limits it."""
    from rounds.cli.demo import lines, story_of

    graded = grade(turned)
    story = story_of(turned, graded)
    page = render(story, turned.project.report).read_text("utf-8")
    assert "Randomised by encounter" in page
    assert "visits in the active arm at which a card was shown" in page
    assert "For some visits the note was turned on." in page
    assert "The effect is that of one card" in page
    said = "\n".join(lines(turned, graded, turned.project.report, turned.project.root))
    assert "visits randomised as they arrive" in said
    assert "more visits intensified" in said
    told = {one.key: one.answer.said for one in checklist(story, "consort").lines}
    assert "randomised by encounter" in told["3a"]
    assert "at the first call of each encounter" in told["10"]
    assert "visits of" in told["13a"]
    brief = brief_html(story)
    assert "of them in the analysis" in brief
    assert "in every 100 visits" in brief


class HalfOfThem:
    """A point of care that shows the card at a random half of the visits."""

    def __init__(self):
        self.rng = np.random.default_rng(1)

    def cards(self, e):
        from rounds.world import Cards

        due = (e.systolic >= 140) | (e.diastolic >= 90)
        shown = due & (e.age <= 85) & (self.rng.random(len(e)) < 0.5)
        names = np.where(shown, e.hook_instance, "")
        return Cards(shown=shown, card=names, suggestion=names)

    def feedback(self, feedback):
        pass


@pytest.fixture(scope="module")
def lived():
    config = WorldConfig(
        people=1_500, n_clinics=6, n_outliers=0, weeks=8, effect=0.3, by_visit=True
    )
    world = World(config)
    world.live(world.trial_end, HalfOfThem())
    return world


def test_a_trial_lived_again_is_the_trial(lived):
    """With no card turned round, every outcome is what it was."""
    state, records = (part.copy() for part in lived._at_go_live)
    scene, first = lived._scene, lived._scene.go_live_week
    again = Replayed(scene, lived._records)
    for week in range(first, first + 21):
        live_week(Now(scene, week, state, records, lived._acceptance), again)
    days = 7 * first, 7 * (first + 8)
    for read in (outcomes, visit_outcomes):
        one, other = (read(scene, r, *days) for r in (records, lived._records))
        for name in type(one).__slots__:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_of_each_visit_one_outcome_is_the_one_that_was_lived(lived):
    """Cards never take treatment away, and some of them bring it about."""
    scene, past = lived._scene, (lived._at_go_live, lived._acceptance, lived._records)
    on, off = visits_turned(lived.config, scene, *past)
    first = scene.go_live_week
    seen = visit_outcomes(scene, lived._records, 7 * first, 7 * (first + 8))
    replayed = Replayed(scene, lived._records)
    given = np.array(
        [
            replayed.given(int(day) // 7, np.array([who]))[0]
            for who, day in zip(seen.person, seen.index_day, strict=True)
        ]
    )
    assert 0.4 < given.mean() < 0.6
    meant = np.where(given, on.intensified, off.intensified)
    np.testing.assert_array_equal(meant, seen.intensified)
    assert on.intensified[~off.intensified].mean() > 0.15
    assert (off.intensified & ~on.intensified).mean() < 0.005


def test_without_an_effect_a_card_changes_nothing():
    """Nought planted: turned round or not, every outcome is the same."""
    config = WorldConfig(
        people=1_200, n_clinics=4, n_outliers=0, weeks=6, effect=0.0, by_visit=True
    )
    world = World(config)
    world.live(world.trial_end, HalfOfThem())
    truth = world._truth()
    assert truth["effect"]["overall"] == 0
    assert truth["harm"]["overall"] == 0
