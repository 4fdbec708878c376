"""A Consent that says plainly no is an opt-out; nothing else is taken for one."""

import datetime as dt

import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.consent import opted_out
from stories import more_fhir as more
from stories import small_fhir as story

DAY = dt.date(2024, 3, 1)


@pytest.fixture
def loaded(tmp_path):
    def run(*consents):
        folder = tmp_path / "fhir"
        folder.mkdir()
        people = [story.patient(name) for name in ("p1", "p2")]
        given = {"Patient": people, "Encounter": [story.encounter("e1")]}
        story.write_ndjson(folder, given | {"Consent": list(consents)})
        return load(folder, tmp_path / "mart"), tmp_path / "mart"

    return run


def opt_outs(path):
    with Datamart.open(path) as mart:
        return mart._connection.execute(
            "SELECT person_source_value, scope, from_date, until_date "
            "FROM rounds_opt_out JOIN person USING (person_id) ORDER BY ALL"
        ).fetchall()


def who(path, scope="research", on=dt.date(2025, 1, 1)):
    with Datamart.open(path) as mart:
        return opted_out(mart, scope, on)


def test_a_denial_of_research_is_an_opt_out_from_its_day_on(loaded):
    report, path = loaded(more.consent())
    assert opt_outs(path) == [("p1", "research", DAY, None)]
    assert report.by_type["Consent"].mapped == 1
    assert who(path) == {"p1"}
    assert who(path, on=DAY) == {"p1"}
    assert who(path, on=DAY - dt.timedelta(days=1)) == frozenset()
    assert who(path, "treatment") == frozenset()


def test_a_denial_may_end(loaded):
    period = {"start": "2024-04-01", "end": "2024-04-30"}
    _, path = loaded(more.consent(provision={"type": "deny", "period": period}))
    last = dt.date(2024, 4, 30)
    assert opt_outs(path) == [("p1", "research", dt.date(2024, 4, 1), last)]
    assert who(path, on=last) == {"p1"}
    assert who(path, on=last + dt.timedelta(days=1)) == frozenset()


@pytest.mark.parametrize(
    ("scope", "purposes", "denied"),
    [
        ("research", [], ["research"]),
        ("treatment", [], ["treatment"]),
        ("patient-privacy", [], ["research", "treatment"]),
        ("patient-privacy", ["HRESCH"], ["research"]),
        ("patient-privacy", ["HPAYMT", "TREAT"], ["treatment"]),
        ("patient-privacy", ["CLINTRCH", "TREAT"], ["research", "treatment"]),
    ],
)
def test_the_scope_and_the_purposes_say_what_is_denied(loaded, scope, purposes, denied):
    provision = {"type": "deny", "purpose": [{"code": one} for one in purposes]}
    if not purposes:
        del provision["purpose"]
    one = more.consent(scope=story.code(more.SCOPE, scope), provision=provision)
    _, path = loaded(one)
    assert [row[1] for row in opt_outs(path)] == denied


def test_the_policy_alone_may_say_it(loaded):
    _, path = loaded(
        more.consent("n1", provision=None),
        more.consent(
            "n2",
            patient=story.ref("Patient", "p2"),
            policyRule=story.code(more.ACT, "OPTIN"),
            provision=None,
        ),
    )
    assert [row[0] for row in opt_outs(path)] == ["p1"]


def permit(name, when, **fields):
    given = {"policyRule": None, "provision": {"type": "permit"}, "dateTime": when}
    return more.consent(name, **{**given, **fields})


def test_the_last_word_is_in_force_in_whatever_order_it_comes(loaded):
    _, path = loaded(
        more.consent("n3", dateTime="2024-07-01"),
        more.consent("n1", dateTime="2024-03-01"),
        permit("n2", "2024-05-01"),
    )
    assert opt_outs(path) == [
        ("p1", "research", DAY, dt.date(2024, 4, 30)),
        ("p1", "research", dt.date(2024, 7, 1), None),
    ]


def test_a_permission_for_a_while_lifts_an_opt_out_for_that_while(loaded):
    period = {"start": "2024-05-01", "end": "2024-05-31"}
    provision = {"type": "permit", "period": period}
    _, path = loaded(
        more.consent("n1"), permit("n2", "2024-05-01", provision=provision)
    )
    assert opt_outs(path) == [
        ("p1", "research", DAY, dt.date(2024, 4, 30)),
        ("p1", "research", dt.date(2024, 6, 1), None),
    ]


def test_a_denial_said_twice_is_one_opt_out(loaded):
    _, path = loaded(more.consent("n1"), more.consent("n2", dateTime="2024-06-01"))
    assert opt_outs(path) == [("p1", "research", DAY, None)]


@pytest.mark.parametrize(
    ("denied", "permitted", "out"),
    [
        ("2024-03-01", "2024-03-01", True),
        ("2024-03-01", "2024-03-01T10:00:00Z", True),
        ("2024-03-01T09:00:00Z", "2024-03-01T10:00:00Z", False),
        ("2024-03-01T11:00:00Z", "2024-03-01T10:00:00Z", True),
        ("2024-03-01T11:00:00Z", "2024-03-01", True),
    ],
)
def test_on_one_day_the_later_word_counts_and_else_the_no(
    loaded, denied, permitted, out
):
    _, path = loaded(more.consent("n1", dateTime=denied), permit("n2", permitted))
    assert bool(opt_outs(path)) == out


UNPLAIN = {
    "error": ({"status": "entered-in-error"}, "entered in error"),
    "draft": ({"status": "draft"}, "planned"),
    "proposed": ({"status": "proposed"}, "planned"),
    "rejected": ({"status": "rejected"}, "consent not given"),
    "inactive": ({"status": "inactive"}, "no longer in force"),
    "advance directive": (
        {"scope": story.code(more.SCOPE, "adr")},
        "consent about another use",
    ),
    "payment": (
        {
            "provision": {"type": "deny", "purpose": [{"code": "HPAYMT"}]},
            "scope": story.code(more.SCOPE, "patient-privacy"),
        },
        "consent about another use",
    ),
    "one recipient": (
        {"provision": {"type": "deny", "actor": [{"reference": {"display": "x"}}]}},
        "consent with conditions",
    ),
    "an exception": (
        {"provision": {"type": "deny", "provision": [{"type": "permit"}]}},
        "consent with conditions",
    ),
    "some data": (
        {"provision": {"type": "deny", "code": [story.code(story.LOINC, "1-8")]}},
        "consent with conditions",
    ),
    "no decision": (
        {"policyRule": None, "provision": None},
        "consent without a decision",
    ),
    "another decision": (
        {"policyRule": None, "provision": {"type": "perhaps"}},
        "consent without a decision",
    ),
    "a contradiction": (
        {"policyRule": story.code(more.ACT, "OPTIN")},
        "consent that contradicts itself",
    ),
    "no date": ({"dateTime": None}, "no date"),
    "no patient": ({"patient": None}, "no subject"),
    "nobody": ({"patient": story.ref("Patient", "x")}, "reference to nothing"),
}


@pytest.mark.parametrize("case", UNPLAIN, ids=str)
def test_what_is_not_said_plainly_is_set_aside(loaded, case):
    given, why = UNPLAIN[case]
    report, path = loaded(more.consent(**given))
    (reason,) = [one for one in report.reasons if one.type == "Consent"]
    assert (reason.reason, reason.n) == (why, 1)
    assert reason.meaning
    assert reason.remedy
    assert opt_outs(path) == []
    assert who(path) == frozenset()


def test_data_without_consents_have_no_opt_outs(loaded):
    _, path = loaded()
    assert who(path) == frozenset()


def test_a_withdrawn_denial_that_comes_later_ends_the_opt_out(tmp_path, loaded):
    _, path = loaded(more.consent())
    folder = tmp_path / "later"
    folder.mkdir()
    gone = more.consent(status="inactive")
    gone["meta"] = {"lastUpdated": "2024-09-01T00:00:00Z"}
    story.write_ndjson(folder, {"Consent": [gone]})
    load(folder, path)
    assert opt_outs(path) == []
