"""A trial with planted harm pauses itself; the board sees why, and nobody else."""

import csv
import datetime as dt
import json
import shutil

import pytest
import yaml

from rounds.cli import evaluation_monitor
from rounds.cli.main import main
from rounds.conduct import (
    Desk,
    Plan,
    Project,
    board_packet,
    reconcile,
    run_decision,
    run_evaluation,
    run_monitor,
    run_stop,
)
from rounds.conduct.demo import DemoOptions, begin
from rounds.conduct.demo.beginning import Clock, load_practice
from rounds.conduct.disclosure_settings import user_of_this_process
from rounds.loop.change import InProcess
from rounds.loop.evaluation.looks import LookRecord
from rounds.nouns import (
    AccessError,
    Alert,
    DataError,
    DefinitionError,
    Guardrail,
    Look,
    LookPlan,
    Rollout,
)
from rounds.practice.exposures import exposure_rows

BOARD = "Dr Ida Mann"
OPTIONS = DemoOptions(
    people=2500,
    weeks=20,
    n_clinics=16,
    seed=3,
    effect=0.15,
    harm=0.1,
    looks=LookPlan(looks="always_valid", planned_se=0.03),
    guardrails=(
        Guardrail(
            endpoint="low-pressure-after-first-uncontrolled",
            margin=0.0,
            planned_se=0.02,
            alpha=0.05,
        ),
    ),
)


def name_the_board(root):
    """Write the member into the plan's community, and the user into the settings."""
    settings = root / "rounds.toml"
    section = f'\n[monitoring.board]\n"{BOARD}" = "{user_of_this_process()}"\n'
    settings.write_text(settings.read_text() + section)


@pytest.fixture(scope="module")
def paused(tmp_path_factory):
    """A small world that lived, under harm, to the look at which it was paused."""
    root = tmp_path_factory.mktemp("looks") / "p"
    past = begin(root, OPTIONS, lambda _: None)
    name_the_board(root)
    world, clock = past.world, Clock(past.eve)
    project = Project.open(root)
    with Desk.open(project, now=clock, by="Dr Rosa Lind") as desk:
        service = desk.practice.services()[0]
        here = InProcess(desk.practice, service, now=clock)
        states = []
        for week in (18, 24, 30):
            day = world.go_live + dt.timedelta(weeks=week)
            world.live(day, here)
            load_practice(desk, world)
            clock.day = day
            states.append(run_monitor(desk).state)
            if states[-1] == "paused":
                break
        before = len(exposures(desk))
        world.live(day + dt.timedelta(weeks=2), here)
        load_practice(desk, world)
        assert len(exposures(desk)) > before
    return root, states, day, before, past


def exposures(desk):
    return exposure_rows(
        desk.practice,
        desk.latest(Rollout).ref(),
        ignored_after=dt.timedelta(days=7),
        now=desk.now(),
    )


@pytest.fixture
def desk(paused, tmp_path):
    """A copy of the paused project, two weeks later."""
    shutil.copytree(paused[0], tmp_path / "p")
    clock = Clock(paused[2] + dt.timedelta(weeks=2))
    with Desk.open(Project.open(tmp_path / "p"), now=clock, by="Dr Rosa Lind") as one:
        yield one


def test_planted_harm_pauses_the_trial_and_no_card_is_served_after(paused, desk):
    _, states, day, before, _ = paused
    assert states[-1] == "paused"
    rows = exposures(desk)
    assert rows.shown[:before].any()
    assert not rows.shown[before:].any()
    assert {"active", "silent"} <= set(rows.arm[before:].tolist())
    assert rows.due[before:].any()
    entry = desk.practice.in_force(desk.practice.services()[0])
    assert (entry.state, entry.at.date()) == ("paused", day)


def test_an_alert_with_an_owner_is_raised_and_every_look_is_in_the_ledger(paused, desk):
    alert = desk.latest(Alert)
    assert (alert.owner, alert.rule, alert.status) == (
        "Dr Rosa Lind",
        "guardrail",
        "open",
    )
    looks = [
        desk.read(entry.ref, Look)
        for entry in desk.ledger.entries()
        if entry.kind == "look"
    ]
    assert [one.number for one in looks] == list(range(1, len(paused[1]) + 1))
    assert [one.verdict for one in looks][-1] == "paused"
    assert desk.ledger.verify() == ()


def test_nothing_that_was_seen_stands_where_others_read(desk):
    """Numbers, arms and guardrails' names: not in the ledger, nor in a repr."""
    desk.ledger.export(desk.project.ledger)
    looks = desk.practice.looks(desk.latest(Rollout).ref())
    seen = [LookRecord.from_json(one.record) for one in looks]
    files = list(desk.project.ledger.rglob("*-look-*.yaml"))
    assert len(files) == len(looks) + 1
    told = "\n".join(path.read_text() for path in files) + repr(looks) + repr(seen)
    for record in seen:
        for reading in (record.primary, *record.guardrails):
            for number in (reading.estimate, reading.se, reading.statistic):
                assert number is None or f"{abs(number):.5f}"[:7] not in told

    assert "low-pressure" not in told
    assert "pause_harm" not in told
    assert not [one.salt for one in looks if one.salt in told]
    assert "estimate" not in told


def test_the_same_data_again_give_the_same_answer_and_spend_nothing(paused, desk):
    """Nothing was loaded since the clock of the last look: no look is added."""
    rollout = desk.latest(Rollout).ref()
    first = run_monitor(desk)
    count = len(desk.practice.looks(rollout))
    again = run_monitor(desk)
    assert again == first
    assert len(desk.practice.looks(rollout)) == count


def test_a_kill_between_the_look_and_the_ledger_loses_nothing(desk, monkeypatch):
    """Cards have stopped already; the next command publishes what is missing."""
    from rounds.conduct import monitoring

    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(monitoring, "publish_looks", killed)
    rollout = desk.latest(Rollout).ref()
    before = desk.practice.looks(rollout)
    with pytest.raises(KeyboardInterrupt):
        run_monitor(desk)
    kept = desk.practice.looks(rollout)
    assert len(kept) == len(before) + 1
    assert desk.latest(Look).number == len(before)
    reconcile(desk)
    assert desk.latest(Look).number == len(kept)
    assert desk.latest(Look).commitment == kept[-1].commitment


def test_a_look_that_was_published_can_be_neither_changed_nor_forgotten(desk):
    with desk.practice.engine.begin() as connection:
        connection.exec_driver_sql("update look set record = '{}' where number = 1")
    with pytest.raises(DataError) as caught:
        run_monitor(desk)
    assert caught.value.code == "look-altered"


def test_the_packet_is_for_a_named_member_of_the_board(desk, tmp_path, capsys):
    """Anybody else is refused, in writing; the packet holds what was seen."""
    root = desk.project.root
    with pytest.raises(AccessError) as caught:
        board_packet(desk, "Dr Rosa Lind", tmp_path / "out")
    assert caught.value.code == "not-of-the-board"
    audit = desk.project.audit_path.read_text()
    assert '"refused": true' in audit
    assert desk.project.audit_faults() == []
    assert not (root / "out").exists()


def command(capsys, *words):
    code = main([*map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_person_looks_reads_the_packet_and_ends_the_trial(
    paused, desk, tmp_path, capsys, monkeypatch
):
    """By the command line; the evaluation then says when and why, and how it reads."""
    root = desk.project.root
    monkeypatch.setattr(evaluation_monitor, "utc_now", desk.now)
    out = tmp_path / "board"
    words = ("evaluation", "monitor", "--project", root)
    code, told = command(capsys, *words, "--packet", out, "--member", BOARD)
    assert (code, told["state"], told["look"]["verdict"]) == (0, "paused", "paused")
    names = {"packet.html", "packet.json", "readings.csv", "arms.csv"}
    assert {path.name for path in out.iterdir()} == names
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.iterdir())
    packet = json.loads((out / "packet.json").read_text())
    assert packet["looks"][-1]["told_to_everybody"] == "paused"
    assert any(look["guardrails"][0]["crossed"] for look in packet["looks"])
    rows = list(csv.DictReader((out / "arms.csv").read_text().splitlines()))
    assert {row["letter"] for row in rows} == {"A", "B"}
    assert "active" not in (out / "arms.csv").read_text()
    assert "<svg" in (out / "packet.html").read_text()
    monkeypatch.setattr("rounds.cli.evaluation.utc_now", desk.now)
    code, told = command(capsys, "evaluation", "run", "--project", root)
    assert (code, told["error"]["code"]) == (12, "trial-not-over")
    stop = ("evaluation", "stop", "--project", root, "--by", "Mr Jonas Berg")
    code, told = command(capsys, *stop, "--reason", "the board recommended it")
    assert code == 0
    judged = run_evaluation(desk)
    ended = judged.after_looks
    assert (ended.stopped_by, ended.grounds) == ("Mr Jonas Berg", "harm")
    assert ended.crossed == ("low-pressure-after-first-uncontrolled",)
    assert any("ended it on" in one for one in judged.limitations)
    if judged.estimate and judged.estimate.sealed is None:
        assert "always-valid" in judged.estimate.method
    assert ended.paused == (paused[2],)
    signed, _ = run_decision(desk, Plan.load(desk.project.plan_path).decision)
    assert signed.allocation_seed
    assert desk.practice.in_force(desk.practice.services()[0]).state == "off"
    assert desk.ledger.verify() == ()


def test_resuming_needs_a_name_and_a_reason_and_is_kept(desk):
    service = desk.practice.services()[0]
    with pytest.raises(DefinitionError) as caught:
        desk.practice.resume(service, by="Mr Jonas Berg", at=desk.now())
    assert caught.value.code == "name-and-reason"
    entry = desk.practice.resume(
        service, by="Mr Jonas Berg", at=desk.now(), reason="a coding error was found"
    )
    assert (entry.state, entry.by) == ("trial", "Mr Jonas Berg")
    assert "a coding error was found" in entry.reason


def test_the_plan_of_the_project_says_the_looks(paused):
    """`turn.yaml` holds them, as a person would write them."""
    plan = yaml.safe_load((paused[0] / "turn.yaml").read_text())
    assert plan["change"]["protocol"]["looks"]["looks"] == "always_valid"


def refused(error, code, do, *arguments, **given):
    with pytest.raises(error) as caught:
        do(*arguments, **given)
    assert caught.value.code == code
    assert caught.value.remedies


def test_the_board_is_told_where_its_packet_may_not_be(desk, tmp_path):
    """Not among committed files, not before a look, not without a user each."""
    root = desk.project.root
    refused(DefinitionError, "packet-in-project", board_packet, desk, BOARD, root / "b")
    board_packet(desk, BOARD, root / "private" / "board")
    with desk.practice.engine.begin() as connection:
        connection.exec_driver_sql("delete from look")
    refused(DataError, "no-look-yet", board_packet, desk, BOARD, tmp_path / "b")
    settings = root / "rounds.toml"
    told = settings.read_text().replace(f'"{user_of_this_process()}"', "7")
    settings.write_text(told)
    again = Desk(
        Project.open(root), desk.ledger, desk.practice, desk.now, desk.by, None
    )
    refused(
        DefinitionError, "monitoring-settings", board_packet, again, BOARD, tmp_path
    )


def test_an_ended_trial_is_looked_at_no_more(desk):
    run_stop(desk, reason="the board recommended it")
    refused(DefinitionError, "trial-ended", run_monitor, desk)


def test_nobody_looks_before_a_follow_up_is_complete(paused, desk, monkeypatch):
    """The data end before the first enrolled were followed for 90 days."""
    from rounds.loop.evaluation.looks import step

    early = paused[4].world.go_live + dt.timedelta(days=60)
    monkeypatch.setattr(step, "_data_until", lambda *_: early)
    refused(DataError, "look-too-early", run_monitor, desk)


def test_a_trial_without_looks_has_no_early_end(desk, monkeypatch):
    from rounds.conduct import monitoring

    read = Desk.read

    def without(self, ref, kind):
        found = read(self, ref, kind)
        plain = {"looks": None, "guardrails": ()}
        return found.model_copy(update=plain) if ref.name.startswith("prot") else found

    monkeypatch.setattr(monitoring, "reconcile", lambda _: None)
    monkeypatch.setattr(Desk, "read", without)
    refused(DefinitionError, "no-early-end", run_stop, desk, reason="why not")


def test_pages_tell_that_it_was_looked_at_and_paused_and_no_more(desk):
    """The list of evaluations, the look's own page, the alert's, and their JSON."""
    import anyio
    import httpx

    from rounds.web.app import create_app

    app = create_app(desk.project.root)
    look, alert = desk.latest(Look), desk.latest(Alert)

    async def read():
        at = httpx.ASGITransport(app=app, client=("127.0.0.1", 5000))
        async with httpx.AsyncClient(transport=at, base_url="http://localhost") as door:
            return [
                await door.get(path)
                for path in (
                    "/evaluations",
                    f"/evaluations/look/{look.name}",
                    f"/problems/alert/{alert.name}",
                )
            ]

    for page in anyio.run(read):
        assert page.status_code == 200, page.url
        assert "low-pressure" not in page.text
        assert "pause_harm" not in page.text
