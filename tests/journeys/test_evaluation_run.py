"""One small trial through the real stores: the gate, the join, the opt-outs."""

import datetime as dt

import pytest

from rounds.conduct.demo import DemoOptions, run_demo
from rounds.datamart import Datamart
from rounds.ledger import Ledger, safe
from rounds.loop.evaluation import run, watch
from rounds.nouns import AccessError, ControlChart, Measure, NotEstimable, Period
from rounds.practice import Practice


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    options = DemoOptions(
        people=2000, weeks=8, seed=5, watch=False, publish_files=False
    )
    return run_demo(tmp_path_factory.mktemp("trial") / "p", options)


@pytest.fixture
def asked(done):
    """Ask again for the evaluation, with whatever is to be different."""
    ledger = Ledger.open(done.project.registry)
    practice = Practice.open(done.project.practice)
    protocol = done.protocol
    measures = {str(e.measure): ledger.read(e.measure) for e in protocol.endpoints}
    over = protocol.enrolment.end + dt.timedelta(days=protocol.follow_up_days + 1)

    def ask(**given):
        given = {
            "measures": measures,
            "receipt": ledger.receipt(protocol.ref()),
            "now": dt.datetime.combine(over, dt.time(12)),
        } | given
        with Datamart.open(done.project.datamart) as mart:
            return run(done.rollout, protocol, done.evidence, mart, practice, **given)

    yield ask, ledger, practice
    ledger.close()
    practice.close()


def test_the_same_question_gets_the_same_answer(done, asked):
    """Evaluating again gives what was published, once small counts are hidden."""
    assert safe(asked[0]()) == done.evaluation


def test_the_ledgers_receipt_opens_the_gate_and_another_does_not(done, asked):
    """The receipt of the rollout is no receipt of the protocol."""
    ask, ledger, _ = asked
    with pytest.raises(AccessError) as caught:
        ask(receipt=ledger.receipt(done.rollout.ref()))
    assert caught.value.code == "protocol-not-frozen"


def test_on_the_last_day_of_follow_up_one_still_waits(done, asked):
    """The day after, the gate is open."""
    last = done.protocol.enrolment.end + dt.timedelta(days=90)
    with pytest.raises(AccessError) as caught:
        asked[0](now=dt.datetime.combine(last, dt.time(23)))
    assert caught.value.code == "trial-not-over"


def test_who_opts_out_is_in_no_count(done, asked):
    """Opting out all of a few patients lowers the number assessed by as many."""
    ask, _, practice = asked
    before = ask()
    patients = ["patient-that-is-not-there"]
    with Datamart.open(done.project.datamart) as mart:
        from rounds.datamart.rows import measure_rows

        measure = asked[1].read(done.protocol.primary.measure)
        rows = measure_rows(mart, measure, done.protocol.enrolment)
    patients += rows.person_source_value[rows.denominator][:3].tolist()
    for patient in patients:
        practice.opt_out(patient, dt.datetime(2025, 5, 1, tzinfo=dt.UTC))
    after = ask()
    assert after.flow.assessed == before.flow.assessed - 3
    assert any("opted out" in one for one in after.limitations)
    assert not any(patient in after.to_json() for patient in patients)


def test_the_watch_charts_months_or_says_that_there_are_too_few(done):
    """With two months since the change there is no line to hold them against."""
    measure = done.measure
    assert isinstance(measure, Measure)
    with Datamart.open(done.project.datamart) as mart:
        start = done.problem.period.start
        end = done.protocol.enrolment.end
        period = Period(start=start, end=end)
        held = watch(mart, measure, period, since=start + dt.timedelta(days=92))
        none = watch(mart, measure, period, since=end - dt.timedelta(days=40))
    assert isinstance(held, ControlChart)
    assert isinstance(none, NotEstimable)
