"""Two cards are tried at once; one harms; a look for safety pauses both."""

import csv
import datetime as dt

from rounds.conduct import (
    Desk,
    Project,
    board_packet,
    run_evaluation,
    run_monitor,
    run_stop,
)
from rounds.conduct.demo import DemoOptions, begin
from rounds.conduct.demo.beginning import Clock, load_practice
from rounds.conduct.disclosure_settings import user_of_this_process
from rounds.loop.change import InProcess
from rounds.nouns import Alert, Guardrail, KnowledgeObject, Look, LookPlan, Rollout
from rounds.reports.board_packet import write_board_packet

OPTIONS = DemoOptions(
    people=4000,
    weeks=16,
    n_clinics=16,
    seed=3,
    effect=0.1,
    second_effect=0.05,
    harm=0.1,
    design="factorial",
    looks=LookPlan(looks="safety", planned_se=0.03),
    guardrails=(
        Guardrail(
            endpoint="low-pressure-after-first-uncontrolled",
            margin=0.0,
            planned_se=0.03,
            alpha=0.1,
            looks="group_sequential",
        ),
    ),
)


def test_harm_by_one_card_pauses_both_and_both_are_evaluated(tmp_path):
    """The board reads whose harm it is; everybody else, that the trial is paused."""
    past = begin(tmp_path / "p", OPTIONS, lambda _: None)
    settings = tmp_path / "p" / "rounds.toml"
    named = f'\n[monitoring.board]\n"Dr Ida Mann" = "{user_of_this_process()}"\n'
    settings.write_text(settings.read_text() + named)
    world, clock = past.world, Clock(past.eve)
    day = world.go_live + dt.timedelta(weeks=24)
    with Desk.open(Project.open(tmp_path / "p"), now=clock, by="Dr Rosa Lind") as desk:
        rollout = desk.latest(Rollout)
        cards = (rollout.knowledge_object, rollout.second_knowledge_object)
        services = [desk.read(one, KnowledgeObject).service.id for one in cards]
        points = [InProcess(desk.practice, one, now=clock) for one in services]
        world.live(day, *points)
        load_practice(desk, world)
        clock.day = day
        seen = run_monitor(desk)
        assert (seen.state, seen.look.verdict) == ("paused", "paused")
        assert {desk.practice.in_force(one).state for one in services} == {"paused"}
        told = desk.latest(Look).to_json() + desk.latest(Alert).to_json()
        assert "first card" not in told
        assert "low-pressure" not in told
        packet = board_packet(desk, "Dr Ida Mann", tmp_path / "board")
        run_stop(desk, reason="as the board recommended")
        clock.day = past.protocol.ends + dt.timedelta(days=1)
        found = run_evaluation(desk)
    (record,) = packet.looks
    assert record.crossed == ("low-pressure-after-first-uncontrolled, first card",)
    page, readings, *_ = write_board_packet(packet.as_dict(), tmp_path / "board")
    assert "low-pressure-after-first-uncontrolled, second card" in page.read_text()
    rows = list(csv.DictReader(readings.read_text().splitlines()))
    assert [one["card"] for one in rows] == ["", "first", "second"]
    assert found.after_looks.grounds == "harm"
    assert found.after_looks.paused == (day,)
    assert any("guardrails alone" in said for said in found.limitations)
    assert found.factorial is not None
