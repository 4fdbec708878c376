"""Exposures: both arms, both modes, once each, with what became of the card."""

import datetime as dt
from dataclasses import dataclass

import anyio
import numpy as np
import pytest
from starlette.applications import Starlette

from rounds.loop.change import InProcess
from rounds.nouns import DataError
from rounds.practice.exposures import exposure_of, exposure_rows
from rounds.web.cds_hooks import cds_routes
from stories import practice as story

URL = f"/cds-services/{story.SERVICE}"
MARCH = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)


@dataclass
class Feedback:
    hook_instance: np.ndarray
    card: np.ndarray
    outcome: np.ndarray
    suggestion: np.ndarray
    override_reason: np.ndarray
    at: np.ndarray


def feedback_on(e, cards):
    """A third of the cards accepted, a third overridden, the rest left alone."""
    given = np.flatnonzero(cards.shown)
    accepted, overridden = given[::3], given[1::3]
    i = np.concatenate([accepted, overridden])
    is_accepted = np.arange(len(i)) < len(accepted)
    return Feedback(
        hook_instance=e.hook_instance[i],
        card=cards.card[i],
        outcome=np.where(is_accepted, "accepted", "overridden"),
        suggestion=np.where(is_accepted, cards.suggestion[i], ""),
        override_reason=np.where(is_accepted, "", "patient-declines"),
        at=e.start[i] + np.timedelta64(5, "m"),
    )


def over_http(practice, e):
    """The same encounters and feedback, one POST each."""
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW))

    async def post_all():
        async with story.client(app) as client:
            shown, card, suggestion = [], [], []
            for i in range(len(e.patient)):
                response = await client.post(URL, json=story.request_of(e, i))
                assert response.status_code == 200, response.text
                cards = response.json()["cards"]
                shown.append(bool(cards))
                card.append(cards[0]["uuid"] if cards else "")
                suggestion.append(cards[0]["suggestions"][0]["uuid"] if cards else "")
            cards = _Cards(np.array(shown), np.array(card), np.array(suggestion))
            f = feedback_on(e, cards)
            items = [_item(f, i) for i in range(len(f.card))]
            response = await client.post(f"{URL}/feedback", json={"feedback": items})
            assert response.status_code == 200, response.text
            return cards

    return anyio.run(post_all)


@dataclass
class _Cards:
    shown: np.ndarray
    card: np.ndarray
    suggestion: np.ndarray


def _item(f, i):
    item = {
        "card": str(f.card[i]),
        "outcome": str(f.outcome[i]),
        "outcomeTimestamp": f"{f.at[i]}Z",
    }
    if f.outcome[i] == "accepted":
        item["acceptedSuggestions"] = [{"id": str(f.suggestion[i])}]
    else:
        item["overrideReason"] = {"reason": {"code": str(f.override_reason[i])}}
    return item


@pytest.mark.parametrize("unit", ["clinic", "patient"])
def test_both_modes_write_the_same_exposures(tmp_path, unit):
    """In this process, in batches, or over HTTP, one by one: the same rows."""
    e = story.encounters(150)
    rows, cards = [], []
    for mode in ("in-process", "http"):
        with story.open_practice(tmp_path / mode) as practice:
            rollout = story.start(practice, unit=unit)
            if mode == "http":
                cards.append(over_http(practice, e))
            else:
                point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
                cards.append(point.cards(e))
                point.feedback(feedback_on(e, cards[0]))
            rows.append(
                exposure_rows(
                    practice,
                    rollout.ref(),
                    ignored_after=dt.timedelta(days=1),
                    now=MARCH,
                )
            )
    for name, values in vars(rows[0]).items():
        if name == "clinician":
            continue  # a pseudonym of each file's own, and only HTTP names who calls
        np.testing.assert_array_equal(values, vars(rows[1])[name], err_msg=name)
    for name in ("shown", "card", "suggestion"):
        np.testing.assert_array_equal(getattr(cards[0], name), getattr(cards[1], name))
    assert set(rows[0].feedback) == {"", "accepted", "overridden", "ignored"}
    assert set(rows[0].arm) >= {"active", "silent"}
    assert len(rows[0]) == 150


def test_what_would_have_been_shown_is_written_for_the_silent_arm(tmp_path):
    """Due in both arms alike; shown only in the active one."""
    e = story.encounters(400)
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice)
        InProcess(practice, story.SERVICE, now=lambda: story.NOW).cards(e)
        rows = exposure_rows(
            practice, rollout.ref(), ignored_after=dt.timedelta(0), now=MARCH
        )
    due = e.has_hypertension & (e.age >= 18) & (e.age <= 85)
    due &= (e.systolic >= 140) | (e.diastolic >= 90)
    np.testing.assert_array_equal(rows.due, due)
    np.testing.assert_array_equal(rows.shown, due & (rows.arm == "active"))
    assert rows.due[rows.arm == "silent"].any()
    # clinic-8 takes no part: it stays silent and is logged.
    assert set(rows.arm[e.clinic == "clinic-8"]) == {"none"}
    assert set(rows.unit[e.clinic == "clinic-8"]) == {""}
    assert repr(rows) == "<rows: 400 × 11>"


def test_a_card_is_ignored_only_after_the_window(tmp_path):
    """Before, it may still be acted upon."""
    e = story.encounters(50)
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice)
        cards = InProcess(practice, story.SERVICE, now=lambda: story.NOW).cards(e)

        def feedback(now):
            rows = exposure_rows(
                practice, rollout.ref(), ignored_after=dt.timedelta(days=1), now=now
            )
            return rows.feedback[cards.shown]

        assert set(feedback(dt.datetime(2025, 2, 4, 7, tzinfo=dt.UTC))) == {""}
        assert set(feedback(dt.datetime(2025, 2, 5, tzinfo=dt.UTC))) == {"ignored"}


def test_before_it_starts_nobody_gets_a_card_and_nobody_an_arm(tmp_path):
    """The first day of the trial is the first day of the trial."""
    e = story.encounters(50)
    e.start = e.start - np.timedelta64(60, "D")
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice)
        cards = InProcess(practice, story.SERVICE, now=lambda: story.NOW).cards(e)
        rows = exposure_rows(
            practice, rollout.ref(), ignored_after=dt.timedelta(0), now=MARCH
        )
    assert not cards.shown.any()
    assert set(rows.arm) == {"none"}


def test_after_adoption_exposures_belong_to_that_version(tmp_path):
    """They are not the trial's any more, and carry another version."""
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice)
        point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        point.cards(story.encounters(50, seed=1))
        practice.adopt(story.SERVICE, by="x", at=story.NOW)
        point.cards(story.encounters(50, seed=2))
        window = {"ignored_after": dt.timedelta(0), "now": MARCH}
        trial = exposure_rows(practice, rollout.ref(), **window)
        both = exposure_rows(practice, service=story.SERVICE, **window)
    assert len(trial) == 50
    assert set(trial.version) == {"1@1"}
    assert both.version.tolist() == ["1@1"] * 50 + ["1@2"] * 50
    assert set(both.arm[50:]) == {"all"}
    np.testing.assert_array_equal(both.shown[50:], both.due[50:])


def test_a_repeated_call_gets_the_same_answer_and_no_second_row(tmp_path):
    """Also within one batch, and after the knowledge has changed."""
    e = story.encounters(80)
    told = {k: v for k, v in vars(e).items() if v is not None}
    twice = story.Encounters(**{k: np.concatenate([v, v]) for k, v in told.items()})
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice)
        point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        cards = point.cards(twice)
        np.testing.assert_array_equal(cards.card[:80], cards.card[80:])
        practice.adopt(story.SERVICE, by="x", at=story.NOW)
        np.testing.assert_array_equal(point.cards(e).card, cards.card[:80])
        rows = exposure_rows(
            practice, service=story.SERVICE, ignored_after=dt.timedelta(0), now=MARCH
        )
        assert len(rows) == 80
        assert set(rows.version) == {"1@1"}
        one = exposure_of(practice, story.SERVICE, str(e.hook_instance[0]))
        assert one.received == story.NOW
        assert one.clinic == e.clinic[0]
        assert e.patient[0] not in repr(one)
        assert exposure_of(practice, story.SERVICE, "other") is None
        assert rollout.n_units == 8


def test_a_switched_off_card_is_not_repeated(tmp_path):
    """Safety before sameness: a retry after the kill switch gets nothing."""
    e = story.encounters(80)
    with story.open_practice(tmp_path) as practice:
        story.start(practice)
        point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        assert point.cards(e).shown.any()
        practice.kill(story.SERVICE, by="x", at=story.NOW)
        assert not point.cards(e).shown.any()


def test_an_identifier_of_another_patients_call_is_refused(tmp_path):
    """No exposure is written to the wrong patient; no id is in the message."""
    e = story.encounters(2)
    with story.open_practice(tmp_path) as practice:
        story.start(practice)
        point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        point.cards(e)
        e.patient = np.array(["patient-x", "patient-y"])
        with pytest.raises(DataError) as caught:
            point.cards(e)
    assert caught.value.code == "hook-instance-reused"
    assert "patient-" not in str(caught.value)


def test_feedback_on_a_card_never_given_is_refused_whole(tmp_path):
    """All of a batch or nothing; the same again changes nothing."""
    e = story.encounters(80)
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice)
        point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        good = feedback_on(e, point.cards(e))
        bad = Feedback(**{k: v.copy() for k, v in vars(good).items()})
        bad.card[-1] = "00000000-0000-4000-8000-000000000000"
        with pytest.raises(DataError) as caught:
            point.feedback(bad)
        assert caught.value.code == "unknown-card"
        swapped = Feedback(**{k: v.copy() for k, v in vars(good).items()})
        swapped.suggestion[0] = swapped.suggestion[1]
        with pytest.raises(DataError) as caught:
            point.feedback(swapped)
        assert caught.value.code == "unknown-suggestion"

        def answered():
            rows = exposure_rows(
                practice, rollout.ref(), ignored_after=dt.timedelta(99), now=MARCH
            )
            return int((rows.feedback != "").sum())

        assert answered() == 0
        point.feedback(good)
        point.feedback(good)
        assert answered() == len(good.card)


def test_a_clinician_who_changes_their_mind_is_taken_at_the_last_word(tmp_path):
    """Overridden first and accepted later counts as accepted."""
    e = story.encounters(80)
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice)
        point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        f = feedback_on(e, point.cards(e))
        later = Feedback(**{k: v[:1] for k, v in vars(f).items()})
        first = Feedback(**{k: v[:1].copy() for k, v in vars(f).items()})
        first.outcome, first.suggestion = np.array(["overridden"]), np.array([""])
        first.at = first.at - np.timedelta64(1, "h")
        point.feedback(later)
        point.feedback(first)
        rows = exposure_rows(
            practice, rollout.ref(), ignored_after=dt.timedelta(99), now=MARCH
        )
    assert rows.feedback[rows.feedback != ""].tolist() == ["accepted"]
