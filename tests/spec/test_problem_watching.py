"""Alerts: what is watched, what signals, and what is said of it."""

import datetime as dt

import numpy as np
import pytest

from rounds.definitions import builtin_measures
from rounds.ledger import safe
from rounds.loop.evaluation.after_adoption.fading import (
    Fading,
    fading,
    fading_of_months,
)
from rounds.loop.problem.watching import Promise, slug, watch_series, watch_units
from rounds.nouns import (
    Alert,
    DefinitionError,
    Estimate,
    NotEstimable,
    Period,
    Provenance,
    UnitResult,
)
from stories.clinics import clinics
from stories.told_trial import decision, evaluation

MEASURES = builtin_measures()
MEASURE = MEASURES["blood-pressure-control"]
WORSE_IF_MORE = MEASURES["hba1c-poor-control"]
SINCE = dt.date(2025, 1, 1)


def months(rng, n, *proportions, start=0):
    """Months from January 2024 on, one for each proportion."""
    return [
        UnitResult(
            unit=f"{2024 + (start + i) // 12}-{(start + i) % 12 + 1:02d}",
            denominator=n,
            numerator=int(rng.binomial(n, p)),
        )
        for i, p in enumerate(proportions)
    ]


def watch(series, measure=MEASURE, since=SINCE):
    return watch_series(
        measure,
        series,
        since=since,
        owner="O. Wner",
        promise=Promise(),
        provenance=Provenance(made_from=(measure.ref(),)),
        rng=np.random.default_rng(1),
    )


@pytest.fixture(scope="module")
def found():
    """Clinic b falls by 20 points in April 2025, clinic a does not."""
    rng = np.random.default_rng(1)
    return watch(
        {
            "(all)": months(rng, 900, *[0.6] * 24),
            "clinic-a": months(rng, 80, *[0.6] * 24),
            "clinic-b": months(rng, 80, *[0.6] * 15, *[0.4] * 9),
            "tiny": months(rng, 1, *[0.6] * 24),
            "new": months(rng, 80, *[0.6] * 9, start=15),
        }
    )


def test_the_fall_of_one_unit_is_one_alert_with_its_month_and_owner(found):
    (alert,) = found.alerts
    assert (alert.unit, alert.owner, alert.status) == ("clinic-b", "O. Wner", "open")
    assert alert.rule == "cusum"
    assert "2025-02" <= alert.since <= "2025-04" <= alert.signalled <= "2025-06"
    assert alert.level == pytest.approx(0.6, abs=0.05)
    assert alert.seen.value < 0.5
    assert alert.name == f"blood-pressure-control-clinic-b-{alert.signalled}"
    assert "5% of such watches" in alert.how
    assert Alert.from_json(alert.to_json()) == alert


def test_units_of_which_nothing_could_be_told_are_named(found):
    assert set(found.watched) == {"(all)", "clinic-a", "clinic-b"}
    assert set(found.left_out) == {"tiny", "new"}


def test_where_fewer_are_better_more_of_them_is_worse():
    rng = np.random.default_rng(2)
    rises = {"a": months(rng, 100, *[0.2] * 14, *[0.4] * 10)}
    (alert,) = watch(rises, WORSE_IF_MORE).alerts
    assert "risen in a" in alert.title
    falls = {"a": months(rng, 100, *[0.4] * 14, *[0.2] * 10)}
    assert watch(falls, WORSE_IF_MORE).alerts == ()


def test_a_month_that_began_before_the_first_day_is_not_watched():
    rng = np.random.default_rng(3)
    series = {"a": months(rng, 100, *[0.6] * 12, *[0.1] * 6)}
    (alert,) = watch(series, since=dt.date(2024, 12, 2)).alerts
    assert alert.since == "2025-01"


def test_units_that_all_did_well_can_still_fall():
    series = {
        "a": [
            UnitResult(unit=f"2024-{m:02d}", denominator=20, numerator=20)
            for m in range(1, 13)
        ]
        + [
            UnitResult(unit=f"2025-{m:02d}", denominator=20, numerator=12)
            for m in range(1, 5)
        ]
    }
    assert watch(series).alerts[0].level == pytest.approx(240.5 / 241)


def test_an_alert_of_few_is_published_without_its_counts(found):
    (alert,) = found.alerts
    few = alert.model_copy(
        update={
            "seen": UnitResult(unit="x", denominator=9, numerator=2, value=2 / 9),
            "answer": "3 patients had moved away.",
        }
    )
    shown = safe(few)
    assert shown.seen == UnitResult(unit="x", suppressed=True)
    assert shown.level == round(alert.level, 2)
    assert "1–10 patients" in shown.answer
    assert safe(shown) == shown
    told = safe(alert).seen
    assert (told.denominator, told.numerator) == (None, None)
    assert told.value == round(alert.seen.value, 2)


def test_units_are_counted_by_month_and_site_from_the_datamart():
    """Forty clinics of eighty patients: about seven a month and clinic."""
    year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
    asked = {"since": dt.date(2024, 9, 1), "owner": "x"}
    mart = clinics(seed=3, n_clinics=6)
    whole = watch_units(MEASURE, mart, year, **asked)
    assert "(all)" in whole.watched
    assert "clinic-00" in whole.watched
    assert whole.alerts == ()
    again = watch_units(MEASURE, mart, year, **asked)
    assert again == whole
    alone = watch_units(MEASURE, mart, year, by_site=False, **asked)
    assert alone.watched == ("(all)",)


def test_what_has_no_months_or_is_no_proportion_is_refused():
    year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
    for name, code in (
        ("systolic-after-first-uncontrolled", "problem-not-a-proportion"),
        ("statin-therapy", "no-monthly-form"),
    ):
        with pytest.raises(DefinitionError) as refused:
            watch_units(MEASURES[name], clinics(), year, since=SINCE, owner="x")
        assert refused.value.code == code


def test_labels_that_look_alike_keep_names_of_their_own():
    assert len({slug("Clinic A"), slug("clinic-a"), slug("clinic a"), slug("()")}) == 4


# -- after adoption


GAIN = Estimate(value=0.12, lower=0.06, upper=0.18, scale="risk_difference")
ADOPTED = dt.date(2025, 1, 1)


def fade(series, gain=GAIN):
    return fading_of_months(
        MEASURE,
        series,
        gain=gain,
        decided=decision(),
        since=ADOPTED,
        owner="O. Wner",
        provenance=Provenance(),
        rng=np.random.default_rng(1),
    )


def test_a_gain_that_fades_is_an_alert_that_names_the_decision():
    rng = np.random.default_rng(4)
    series = months(rng, 300, *[0.58] * 12, *[0.7] * 6, *[0.59] * 8)
    found = fade(series)
    assert isinstance(found, Fading)
    assert found.decay.verdict == "fading"
    assert found.left.upper < 1
    alert = found.alert
    assert alert.rule == "decay"
    assert alert.change == decision().ref()
    assert "2025-05" <= alert.since <= "2025-07" <= alert.signalled
    assert any("is left" in said for said in alert.limitations)


def test_a_gain_that_holds_is_no_alert():
    rng = np.random.default_rng(5)
    found = fade(months(rng, 600, *[0.58] * 12, *[0.7] * 12))
    assert found.decay.verdict == "held"
    assert found.alert is None
    assert found.left.lower < 1 < found.left.upper
    assert found.n_months == 12


@pytest.mark.parametrize(
    ("series", "gain", "said"),
    [
        ([0.58] * 15, GAIN, "Fewer than 4 whole months"),
        ([0.58] * 20, GAIN.model_copy(update={"lower": -0.01}), "leaves out nought"),
        ([0.58] * 20, GAIN.model_copy(update={"scale": "mean"}), "no difference"),
        ([0.02] * 20, GAIN.model_copy(update={"value": 0.18}), "cannot be watched"),
    ],
)
def test_where_fading_cannot_be_told_the_reason_is(series, gain, said):
    found = fade(months(np.random.default_rng(6), 200, *series), gain)
    assert isinstance(found, NotEstimable)
    assert said in found.reason


def test_an_effect_that_is_sealed_cannot_fade():
    year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
    found = fading(
        MEASURE,
        clinics(),
        year,
        evaluated=evaluation(sealed=True),
        decided=decision(),
        since=ADOPTED,
        owner="x",
    )
    assert "no effect that may be read" in found.reason


def test_months_after_adoption_are_counted_from_the_datamart():
    year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
    found = fading(
        MEASURE,
        clinics(seed=3),
        year,
        evaluated=evaluation(),
        decided=decision(),
        since=dt.date(2024, 5, 15),
        owner="x",
    )
    assert found.n_months == 7
    assert found.decay.verdict != "fading"
