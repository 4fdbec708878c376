"""`rounds demo --design adaptive`: chances follow looks round the whole loop."""

import hashlib
import re

import pytest

from rounds.conduct.demo import DemoOptions, run_demo
from rounds.conduct.desk import Desk
from rounds.loop.change.rollouts import ResponseAdaptive
from rounds.loop.evaluation.looks import LookRecord
from rounds.nouns import DefinitionError, Look
from rounds.practice import Practice
from rounds.practice.epochs import read_epochs
from rounds.reports import render
from rounds.school import grade

OPTIONS = DemoOptions(
    design="adaptive",
    people=1_600,
    n_clinics=12,
    weeks=24,
    effect=0.2,
    seed=4,
    watch=False,
    threads=1,
)


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    return run_demo(tmp_path_factory.mktemp("adaptive") / "demo", OPTIONS)


@pytest.fixture(scope="module")
def kept(turned):
    """Give epochs, places, basis, seed and looks, as practice keeps them."""
    ref = turned.rollout.ref()
    with Practice.open(turned.project.private / "practice.sqlite") as practice:
        return {
            "epochs": read_epochs(practice, ref),
            "placed": practice.assignments(ref),
            "basis": practice.basis(ref),
            "looks": practice.looks(ref),
            "seed": practice.seed(ref).seed,
        }


def test_the_interval_holds_the_truth_and_every_required_check_passed(turned):
    graded = grade(turned)
    assert graded.effect.covered
    assert graded.effect.truth > 0.1
    found = turned.evaluation
    assert {d.verdict for d in found.diagnostics if d.required} == {"pass"}
    assert "drift" in {d.name for d in found.diagnostics}
    assert "within epochs" in found.estimate.method
    assert "epoch of allocation" in turned.protocol.analysis
    assert found.after_looks.looks == 3


def test_chances_moved_towards_the_better_arm_and_three_estimates_are_told(
    turned, kept
):
    told = turned.evaluation.adaptive
    assert told.chances == tuple(e.chance for e in kept["epochs"])
    assert told.chances[0] == 0.5
    assert told.chances[-1] > 0.6
    for one in (told.unadjusted, told.even_share):
        assert one.lower < one.value < one.upper


def test_every_arm_is_replayed_from_seed_and_recorded_chances(turned, kept):
    """Bit for bit: also who was of the even share, and by which chance."""
    drawn = ResponseAdaptive(kept["seed"], turned.rollout.design.adaptation.fixed_share)
    told = turned.evaluation.adaptive.chances
    strata = {}
    for unit, one in kept["placed"].items():
        epoch = int(one.stratum.removeprefix("epoch-"))
        again = drawn.draw(epoch, one.sequence, told[epoch])
        assert one.arm == again.arm
        assert kept["basis"][unit] == {"share": again.share, "chance": again.chance}
        strata.setdefault(one.stratum, []).append(one.sequence)
    assert len(strata) > 1
    for places in strata.values():
        assert sorted(places) == list(range(len(places)))


def test_each_chance_names_the_look_that_it_follows(kept):
    records = {one.number: one.record for one in kept["looks"]}
    for epoch in kept["epochs"][1:]:
        record = records[epoch.look]
        assert epoch.inputs == hashlib.sha256(record.encode()).hexdigest()
        assert LookRecord.from_json(record).chance == epoch.chance


def test_nobody_blinded_reads_a_chance(turned, kept):
    """Not in a look as the ledger tells of it, nor in a repr; no noun has a field."""
    with Desk.open(turned.project, now=lambda: None, by="t", threads=1) as desk:
        looks = [
            desk.read(entry.ref, Look)
            for entry in desk.ledger.entries()
            if entry.kind == "look"
        ]
    told = "".join(one.to_json() for one in looks)
    told += repr(kept["epochs"])
    told += repr([LookRecord.from_json(one.record) for one in kept["looks"]])
    for epoch in kept["epochs"][1:]:
        assert f"{epoch.chance}" not in re.sub(r'"[0-9a-f]{64}"', "", told)
    told += turned.rollout.to_json() + turned.protocol.to_json()
    assert '"chance' not in told
    assert len(looks) == 3


def test_the_report_says_how_it_was_allocated_and_what_each_estimate_is(
    turned, tmp_path
):
    from rounds.cli.demo import story_of

    page = render(story_of(turned, grade(turned)), tmp_path / "r.html")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text("utf-8")))
    assert "response-adaptive: 1:1 until the first look" in text
    assert "Chances followed outcomes" in text
    assert "All patients as one" in text
    assert "we picked the side that did better more often" in text


def test_what_does_not_fit_together_is_refused(tmp_path):
    for wrong, code in (
        ({"weeks": 12}, "demo-weeks"),
        ({"allocation": "minimisation"}, "demo-design"),
    ):
        options = DemoOptions(**({"design": "adaptive", "weeks": 52} | wrong))
        with pytest.raises(DefinitionError) as caught:
            run_demo(tmp_path / "demo", options)
        assert caught.value.code == code
