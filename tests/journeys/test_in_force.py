"""What is decided is put in force, whatever happens in between."""

import datetime as dt

import pytest

from rounds.conduct import Desk, reconcile
from rounds.conduct.demo import DemoOptions, run_demo
from rounds.conduct.periods import whole_months
from rounds.conduct.steps import carried_source
from rounds.nouns import Decision, DefinitionError, Period, Problem, Source

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    options = DemoOptions(people=2000, weeks=6, n_clinics=10, watch=False)
    return run_demo(tmp_path_factory.mktemp("force") / "demo", options)


def decide(desk, done, choice, why="A test."):
    """Sign and publish, and be killed before it is put in force."""
    former = desk.latest(Decision)
    plain = former.model_dump() | {"decided": choice, "departure_reason": why}
    plain["recommended"] = former.recommended
    return desk.publish(Decision.model_validate(plain))


def test_a_decision_signed_before_a_crash_is_put_in_force_afterwards(done):
    service = done.knowledge_object.service.id
    with Desk.open(done.project, now=lambda: NOON, by="a test") as desk:
        before = desk.practice.in_force(service)
        assert before.state != "all"
        decide(desk, done, "adopt")
        assert desk.practice.in_force(service) == before
    with Desk.open(done.project, now=lambda: NOON, by="a test") as desk:
        assert reconcile(desk) is not None
        assert desk.practice.in_force(service).state == "all"
        assert reconcile(desk) is None
        desk.practice.kill(service, by="a test", at=NOON)
        assert reconcile(desk) is None
        assert desk.practice.in_force(service).state == "off"
        with pytest.raises(DefinitionError, match="switched off"):
            desk.practice.adopt(service, by="a test", at=NOON)
        decide(desk, done, "adopt", "Another test.")
        assert "stays switched off" in reconcile(desk)
        assert desk.practice.in_force(service).state == "off"
        desk.practice.resume(service, by="a test", at=NOON)
        assert "everywhere" in reconcile(desk)
        decide(desk, done, "abandon")
        assert reconcile(desk) is not None
        assert desk.practice.in_force(service).state == "off"


def test_the_next_turn_starts_with_the_last_posterior(done):
    with Desk.open(done.project, now=lambda: NOON, by="a test") as desk:
        carried = carried_source(desk)
    assert isinstance(carried, Source)
    assert carried == done.next_source
    posterior = done.evaluation.posterior.estimate
    assert carried.effect.value == posterior.value
    assert set(carried.includes) == {
        study.identifier for study in done.evidence.meta_analysis.studies
    }


def test_what_is_made_anew_gets_the_next_version(done):
    with Desk.open(done.project, now=lambda: NOON, by="a test") as desk:
        first = desk.latest(Problem)
        assert desk.publish(first) == first
        other = desk.publish(first.model_copy(update={"owner": "Another owner"}))
        assert int(other.version) == int(first.version) + 1
        assert desk.read(first.ref(), Problem) == first


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-01-07", "2025-01-05", ("2024-02-01", "2024-12-31")),
        ("2024-01-01", "2024-12-31", ("2024-01-01", "2024-12-31")),
        ("2024-01-07", "2024-02-05", ("2024-01-07", "2024-02-05")),
        ("2023-12-15", "2024-02-05", ("2024-01-01", "2024-01-31")),
    ],
)
def test_a_chart_has_whole_months(start, end, expected):
    got = whole_months(Period(start=start, end=end))
    assert (str(got.start), str(got.end)) == expected
