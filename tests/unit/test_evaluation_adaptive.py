"""Looks at an adaptive trial, the board's packet, the command, and what is published."""

import datetime as dt
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from rounds.cli.main import main
from rounds.conduct.board import BoardPacket
from rounds.ledger import safe
from rounds.loop.evaluation.gate import open_to_looks
from rounds.loop.evaluation.looks import LookRecord, judge
from rounds.methods.allocations.adaptive_allocation import allocation_probabilities
from rounds.nouns import DefinitionError
from rounds.reports.board_packet import write_board_packet
from stories import adaptive_trial as story
from stories import looks, trial

WORLD = trial.World(
    clinics=12, per_clinic=40, unit="patient", allocate=story.allocate, effect=0.1
)
DAY = trial.GO_LIVE + dt.timedelta(days=250)


def look(world=WORLD, *, number=3, plan=story.PLAN, **changes):
    """Look at a made trial, once."""
    written = story.protocol(looks=plan, **changes)
    rows = replace(
        trial.made(world, number),
        basis=story.basis_of(world, number),
        epochs=story.epochs_of(story.CHANCES),
    )
    rollout = trial.rollout(written, trial.evidence())
    return judge(
        looks.up_to(rows, DAY - dt.timedelta(days=looks.FOLLOW_UP)),
        rollout.model_copy(update={"design": story.design()}),
        written,
        (),
        data_until=DAY,
        snapshot="s",
        made=dt.datetime.combine(DAY, looks.NOON),
        letter_of_active="B",
    )


def test_a_look_sets_the_chance_from_its_own_posterior():
    seen = look()
    better = seen.primary.posterior
    assert 0.5 < seen.primary.worthwhile < better < 1
    raised = allocation_probabilities([better, 1 - better], least=0.1)[0]
    assert seen.chance == round(raised, 3)
    assert 0.5 < seen.chance <= 0.9
    assert LookRecord.from_json(seen.to_json()) == seen
    assert str(seen.chance) not in repr(seen)


def test_the_board_reads_the_chance_by_letter_and_nobody_by_arm(tmp_path):
    seen = look()
    packet = BoardPacket(
        member="Dr Ida Mann",
        rollout="r",
        title="A trial",
        protocol="p",
        public=(SimpleNamespace(verdict="continue"),),
        looks=(seen,),
    ).as_dict()
    told = packet["looks"][0]
    assert seen.letter_of_active == "B"
    assert told["chance_of_a"] == round(1 - seen.chance, 3)
    assert not {"chance", "letter_of_active"} & set(told)
    page = write_board_packet(packet, tmp_path / "board")[0].read_text("utf-8")
    assert f"{told['chance_of_a']:.3g}; patients of the even share" in page


def test_harm_moves_the_chance_the_other_way_and_is_futile():
    plan = story.PLAN.model_copy(update={"futile_probability": 0.05})
    seen = look(replace(WORLD, effect=-0.1), plan=plan)
    assert seen.chance < 0.5
    assert seen.primary.worthwhile < 0.05
    assert seen.verdict == "stop_futility"


def test_a_look_that_cannot_be_judged_or_pauses_leaves_chances_as_they_are():
    sealed = look(replace(WORLD, broken="missing outcomes"))
    assert (sealed.verdict, sealed.chance) == ("not_judged", None)
    guard = looks.guardrail(planned_se=0.02, margin=0.0)
    paused = look(replace(WORLD, harm=0.4), guardrails=(guard,))
    assert (paused.verdict, paused.chance) == ("pause_harm", None)


def test_older_looks_are_read_and_other_trials_have_no_chance():
    plain = json.loads(look().to_json())
    del plain["chance"]
    assert LookRecord.from_json(json.dumps(plain)).chance is None
    written = looks.protocol(looks.plan(planned_se=0.03, fractions=(0.5, 1.0)))
    rows = trial.made(trial.World(clinics=12, per_clinic=30), 1)
    assert looks.look(rows, written, (), DAY).chance is None


def test_a_rollout_that_adapts_otherwise_than_its_protocol_is_not_evaluated():
    plan, known = story.protocol(), trial.evidence()
    rollout = trial.rollout(plan, known).model_copy(
        update={"design": story.design(least=0.2)}
    )
    with pytest.raises(DefinitionError, match="follow looks in different") as caught:
        open_to_looks(rollout, plan, known, measures={}, receipt=None)
    assert caught.value.code == "unit-mismatch"


def test_what_is_published_names_no_numbers_of_patients():
    found = story.judged(WORLD, 3)
    shown = safe(found)
    assert shown.adaptive.chances == story.CHANCES
    assert shown.adaptive.unadjusted.n is None
    assert shown.adaptive.even_share.n is None


def command(capsys, *words):
    code = main(["evaluation", "adaptive", *words])
    return code, capsys.readouterr().out


ASKED = (
    "--patients", "800", "--looks", "0.4,0.7,1", "--control", "0.25", "--effect",
    "0.08", "--drift", "0.3", "--trials", "1000",
)  # fmt: skip


def test_the_command_prints_what_is_gained_lost_and_biased(capsys):
    code, told = command(capsys, *ASKED, "--json")
    found = json.loads(told)
    assert code == 0
    rows = {(r["allocation"], r["effect"]): r for r in found["rows"]}
    assert len(rows) == 4
    true = rows["adaptive", 0.08]
    assert true["worse_off"] < rows["even", 0.08]["worse_off"]
    assert true["bias"]["pooled"][0] > 0.01 > abs(true["bias"]["by_epoch"][0])
    assert abs(rows["adaptive", 0.0]["shown"] - 0.025) < 0.025
    assert -0.1 < found["information_lost"] < 0.5
    assert found["planned"] == pytest.approx(found["calibrated"]["threshold"], abs=0.01)
    code, said = command(capsys, *ASKED)
    assert "all patients as one" in said
    assert "adapting loses" in said
    again = json.loads(command(capsys, *ASKED, "--json")[1])
    assert again == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--effect", "0"), "effect of 0"),
        (("--least", "0.6"), "least chance"),
        (("--alpha", "2.5"), "alpha"),
        (("--trials", "3"), "trials are"),
        (("--looks", "0.5"), "looks increase up to 1"),
    ],
)
def test_what_cannot_be_made_is_refused_all_at_once(capsys, words, said):
    asked = list(ASKED)
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name in asked:
            asked[asked.index(name) + 1] = value
        else:
            asked += [name, value]
    code, told = command(capsys, *asked, "--json")
    assert code == 10
    assert said in json.loads(told)["error"]["what"]
