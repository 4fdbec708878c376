"""A schedule says whole when arms change, or it does not exist."""

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from rounds.loop.evaluation.checks.diagnostics import known_checks
from rounds.nouns import (
    DefinitionError,
    Design,
    Period,
    Protocol,
    Rollout,
    Schedule,
)
from stories import scheduled_trial, trial

REPO = Path(__file__).parents[2]
STARTS = tuple(dt.date(2025, 1, 6) + dt.timedelta(weeks=20 * i) for i in range(4))


def schedule(kind="stepped_wedge", **changes):
    return Schedule(**({"kind": kind, "period_starts": STARTS} | changes))


def test_a_stepped_wedge_steps_at_every_boundary_unless_told_otherwise():
    assert schedule().sequences == ("0111", "0011", "0001")
    assert schedule(sequences=("0111", "0001")).names == ("sequence-1", "sequence-2")


def test_a_cross_over_begins_in_either_arm():
    assert schedule("cluster_crossover").sequences == ("0101", "1010")


def test_the_arm_changes_on_the_first_day_of_a_period_and_the_last_one_runs_on():
    made = schedule()
    eve = STARTS[2] - dt.timedelta(days=1)
    assert made.arm("sequence-2", eve) == "silent"
    assert made.arm("sequence-2", STARTS[2]) == "active"
    assert made.arm("sequence-2", dt.date(2040, 1, 1)) == "active"
    assert made.arm("sequence-2", dt.date(2000, 1, 1)) == "silent"


def test_it_survives_json_and_yaml():
    made = schedule(transition_days=90, not_enrolling=((1, 4),))
    assert Schedule.from_json(made.to_json()) == made
    assert Schedule.from_yaml(made.to_yaml()) == made


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"period_starts": STARTS[:1]}, "two periods"),
        ({"period_starts": STARTS[::-1]}, "each period starts after"),
        ({"transition_days": 140}, "nothing is left"),
        ({"transition_days": -1}, "greater than or equal to 0"),
        ({"sequences": ("0111", "0000")}, "0000 never switches"),
        ({"sequences": ("0111", "1111")}, "1111 never switches"),
        ({"sequences": ("0111", "0101")}, "0101 goes back"),
        ({"sequences": ("0111", "0111")}, "two different sequences"),
        ({"sequences": ("0111",)}, "two different sequences"),
        ({"sequences": ("0111", "001")}, "4 digits"),
        ({"sequences": ("0111", "00a1")}, "4 digits"),
        ({"not_enrolling": ((4, 1),)}, "no period 1 of a sequence 4"),
        ({"not_enrolling": ((1, 1), (1, 1))}, "twice"),
        (
            {"not_enrolling": tuple((i, 1) for i in (1, 2, 3))},
            "in period 1 nobody is enrolled",
        ),
        (
            {"not_enrolling": tuple((1, t) for t in (1, 2, 3, 4))},
            "sequence 1 never enrols",
        ),
        (
            {"not_enrolling": ((1, 2), (1, 3), (2, 3))},
            "in no period are both arms enrolled",
        ),
        (
            {"kind": "cluster_crossover", "sequences": ("0101", "0110")},
            "in period 1 all are in one arm",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        schedule(**changes)


def test_patients_have_no_schedule():
    with pytest.raises(ValidationError, match="randomises clinics"):
        Design(unit="patient", schedule=schedule())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"follow_up_days": 15}, "follow-up of 15 days runs over a step"),
        ({"enrolment": trial.protocol().enrolment}, None),
        ({"unit_of_randomisation": "patient"}, "randomises clinics, not by patient"),
        (
            {"enrolment": {"start": "2025-01-06", "end": "2025-03-01"}},
            "lies outside enrolment",
        ),
        (
            {"enrolment": {"start": "2025-01-07", "end": "2025-12-01"}},
            "starts with enrolment",
        ),
    ],
)
def test_a_protocol_holds_a_schedule_that_fits_it(changes, said):
    plain = scheduled_trial.protocol(scheduled_trial.World()).model_dump(mode="json")
    given = {
        k: v.model_dump(mode="json") if hasattr(v, "model_dump") else v
        for k, v in changes.items()
    }
    if said is None:
        assert Protocol.model_validate(plain | given).schedule is not None
        return
    with pytest.raises(ValidationError, match=said):
        Protocol.model_validate(plain | given)


def test_nouns_without_a_schedule_are_what_they_were():
    """No word of it in their JSON, so no older noun's hash has changed."""
    plan = trial.protocol()
    started = trial.rollout(plan, trial.evidence())
    assert '"schedule"' not in plan.to_json() + started.to_json()
    assert Rollout.from_json(started.to_json()).ref() == started.ref()


def test_what_the_manual_tells_to_write_is_a_schedule_that_fits_its_protocol():
    page = (REPO / "docs" / "how-to" / "roll-out-in-steps.md").read_text("utf-8")
    text = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    said = yaml.safe_load(text)["change"]
    made = Design.from_yaml(yaml.safe_dump(said["design"])).schedule
    assert made.sequences == ("0111", "0011", "0001")
    start = said["protocol"]["go_live"]
    end = start + dt.timedelta(weeks=said["protocol"]["weeks"], days=-1)
    enrolment = Period(start=start, end=end)
    days = said["protocol"]["follow_up_days"]
    assert made.problems_within(enrolment, days, "clinic") == []
    known = known_checks(scheduled_trial.protocol(scheduled_trial.World()))
    assert set(said["protocol"]["required_diagnostics"]) <= set(known)


def test_sequences_that_yaml_takes_for_numbers_are_refused_by_their_place():
    text = "unit: clinic\nschedule:\n  kind: stepped_wedge\n  period_starts: "
    text += f"[{', '.join(map(str, STARTS))}]\n  sequences: [0111, 0011]\n"
    with pytest.raises(DefinitionError, match=r"schedule\.sequences\.0: .*string"):
        Design.from_yaml(text)
