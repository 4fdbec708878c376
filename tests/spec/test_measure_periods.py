"""A measure over several periods: which they are, and that each is as by itself."""

import csv
import datetime as dt
import io

import pytest

from rounds.cli.measure_told import told_of_several
from rounds.conduct import Gate, Project, each_period, measure_over, period_name
from rounds.conduct.periods import whole_months
from rounds.datamart import members_of, members_over, run_measure, run_measure_over
from rounds.definitions import builtin_measures
from rounds.nouns import (
    DefinitionError,
    DisclosureError,
    MeasureResult,
    NotEstimable,
    Period,
    Ref,
    UnitResult,
)
from rounds.reports.measure_table import measure_csv, period_rows, unit_rows
from stories.clinics import PERIOD, clinics

MEASURE = builtin_measures()["blood-pressure-control"]
AT = dt.datetime(2025, 2, 3, 9, 0, tzinfo=dt.UTC)
REF = Ref(name="measure/made", version="1", hash="c" * 64)


def days(start, end):
    return Period(start=dt.date.fromisoformat(start), end=dt.date.fromisoformat(end))


@pytest.mark.parametrize(
    ("start", "end", "every", "rolling", "expected"),
    [
        ("2024-01-01", "2024-03-31", "month", 1, "2024-01 2024-02 2024-03"),
        ("2024-01-02", "2024-03-30", "month", 1, "2024-02"),
        ("2023-10-01", "2024-06-30", "quarter", 1, "2023-Q4 2024-Q1 2024-Q2"),
        ("2024-02-01", "2024-09-15", "quarter", 1, "2024-02..2024-04 2024-05..2024-07"),
        ("2022-01-01", "2023-12-31", "year", 1, "2022 2023"),
        ("2022-04-01", "2024-06-30", "year", 1, "2022-04..2023-03 2023-04..2024-03"),
        ("2023-01-01", "2024-02-29", "month", 12, "2023 2023-02..2024-01 2023-03..2024-02"),
        ("2024-01-01", "2024-12-31", "quarter", 2, "2024-01..2024-06 2024-04..2024-09 2024-07..2024-12"),
        ("9999-11-01", "9999-12-31", "month", 1, "9999-11 9999-12"),
    ],
)  # fmt: skip
def test_periods_are_whole_and_within_the_time_asked_for(
    start, end, every, rolling, expected
):
    found = each_period(days(start, end), every, rolling=rolling)
    said = [period_name(one).replace(" to ", "..") for one in found]
    assert said == expected.split()


def test_what_is_of_an_earlier_snapshot_says_so_in_every_form():
    """Told again as it was told, it stands beside periods of another snapshot."""
    whole = UnitResult(unit="overall", numerator=30, denominator=60, value=0.5)
    common, dated = "Some codes are missing.", "Since this answer, of snapshot 1, …"
    answers = [
        (
            days(f"2024-0{month}-01", last),
            MeasureResult(
                measure=REF,
                period=days(f"2024-0{month}-01", last),
                populations={},
                overall=whole,
                scoring="proportion",
                snapshot=snapshot,
                limitations=said,
            ),
        )
        for month, last, snapshot, said in (
            (1, "2024-01-31", "1", (common, dated)),
            (2, "2024-02-29", "2", (common,)),
        )
    ]
    told, lines = told_of_several(
        "T", days("2024-01-01", "2024-02-29"), answers, ("month", 1)
    )
    assert told["limitations"] == [common, f"2024-01: {dated}"]
    assert f"* 2024-01: {dated}" in lines
    assert [one["snapshot"] for one in told["periods"]] == ["1", "2"]
    rows = list(csv.DictReader(io.StringIO(measure_csv(answers))))
    assert [row["snapshot"] for row in rows] == ["1", "2"]
    assert not any("suppressed" in line for line in lines[:4])
    hidden = whole.model_copy(update={"value": None, "numerator": None})
    answers[0] = (
        answers[0][0],
        answers[0][1].model_copy(update={"overall": hidden}),
    )
    _, lines = told_of_several(
        "T", days("2024-01-01", "2024-02-29"), answers, ("month", 1)
    )
    assert any(line.startswith("– : suppressed") for line in lines)


@pytest.mark.parametrize(
    ("start", "end", "every", "rolling", "code"),
    [
        ("2024-01-02", "2024-01-31", "month", 1, "no-whole-period"),
        ("2024-01-10", "2024-01-20", "month", 1, "no-whole-period"),
        ("2024-01-01", "2024-03-30", "quarter", 1, "no-whole-period"),
        ("2024-01-01", "2024-11-30", "month", 12, "no-whole-period"),
        ("9999-12-02", "9999-12-31", "month", 1, "no-whole-period"),
        ("2024-01-01", "2024-12-31", "month", 0, "rolling-length"),
        ("2024-01-01", "2024-12-31", "month", -3, "rolling-length"),
        ("2000-01-01", "2020-01-31", "month", 1, "too-many-periods"),
        ("0001-01-01", "9999-12-31", "year", 1, "too-many-periods"),
    ],
)
def test_what_makes_no_period_or_too_many_is_refused(start, end, every, rolling, code):
    with pytest.raises(DefinitionError) as caught:
        each_period(days(start, end), every, rolling=rolling)
    assert caught.value.code == code
    assert str(rolling if code == "rolling-length" else start) in caught.value.what


def test_twenty_years_of_months_are_not_too_many():
    assert len(each_period(days("2000-01-01", "2019-12-31"), "month")) == 240


def test_days_that_are_no_months_are_named_by_their_ends():
    assert period_name(days("2024-01-15", "2024-01-20")) == "2024-01-15 to 2024-01-20"
    assert period_name(days("2024-01-15", "2024-03-31")) == "2024-01-15 to 2024-03-31"
    assert whole_months(days("2024-01-15", "2024-01-20")).start.day == 15
    assert whole_months(days("2024-01-15", "9999-12-31")).end.year == 9999


@pytest.fixture(scope="module")
def datamart():
    return clinics(n_clinics=4, size=400)


def asked_alone(gate, datamart, period, by):
    try:
        return gate.measure(datamart, MEASURE, period, by=by)
    except DisclosureError as error:
        return NotEstimable(reason=error.what)


@pytest.mark.parametrize(
    ("every", "rolling"), [("month", 1), ("quarter", 1), ("month", 6)]
)
@pytest.mark.parametrize("by", [None, "care_site", "sex", "care_site,sex"])
def test_each_period_is_told_as_it_is_told_by_itself(
    datamart, tmp_path, by, every, rolling
):
    """What one person is told of all of them, another is told of each after each."""
    project = Project.init(tmp_path / "h", source=None)
    periods = each_period(PERIOD, every, rolling=rolling)
    with Gate.open(project, now=lambda: AT, asker="ana") as ana:
        together = measure_over(ana, datamart, MEASURE, periods, by=by)
    with Gate.open(project, now=lambda: AT, asker="bo") as bo:
        alone = [asked_alone(bo, datamart, one, by) for one in periods]
    assert list(together) == alone
    shown = 0
    for told, period in zip(together, periods, strict=True):
        if isinstance(told, NotEstimable):
            continue
        exact = run_measure(datamart, MEASURE, period, by=by)
        pairs = zip((told.overall, *told.by), (exact.overall, *exact.by), strict=True)
        for one, true in pairs:
            assert one.suppressed or one == true
            shown += not one.suppressed
    assert shown >= len(periods) // 2


NEAR = Period(start=PERIOD.start, end=PERIOD.end - dt.timedelta(days=1))
"""Without the year's last day, on which few were seen."""


def test_a_period_that_few_people_set_apart_from_another_is_left_out(
    datamart, tmp_path
):
    project = Project.init(tmp_path / "h", source=None)
    with Gate.open(project, now=lambda: AT, asker="ana") as ana:
        year, near = measure_over(ana, datamart, MEASURE, [PERIOD, NEAR])
    assert year.overall == run_measure(datamart, MEASURE, PERIOD).overall
    assert year.overall.denominator == 1600
    apart = 1600 - run_measure(datamart, MEASURE, NEAR).overall.denominator
    assert 0 < apart <= 10
    assert near.overall.suppressed
    assert near.populations["denominator"] is None
    assert "what you were told before" in near.limitations[-1]


def test_where_nothing_of_a_period_may_be_told_the_others_are(
    datamart, tmp_path, monkeypatch
):
    release = Gate.release

    def refusing(gate, result, members):
        if result.period == NEAR:
            raise DisclosureError("Too close.", code="too-close-to-earlier")
        return release(gate, result, members)

    monkeypatch.setattr(Gate, "release", refusing)
    project = Project.init(tmp_path / "h", source=None)
    with Gate.open(project, now=lambda: AT, asker="ana") as ana:
        near, year = measure_over(ana, datamart, MEASURE, [NEAR, PERIOD])
    assert near == NotEstimable(reason="Too close.")
    assert year.overall.denominator == 1600


@pytest.mark.parametrize("by", [None, "care_site", "care_site,sex"])
@pytest.mark.parametrize("most", [1, 900, 10**6])
def test_who_is_in_each_line_is_read_in_lots(datamart, monkeypatch, by, most):
    """However few rows fit into memory, each period has the people it has by itself."""
    monkeypatch.setattr("rounds.datamart.measures.members._MOST_ROWS", most)
    periods = each_period(PERIOD, "quarter")
    results = run_measure_over(datamart, MEASURE, periods, by=by)
    found = list(members_over(datamart, MEASURE, results))
    assert len(found) == len(periods)
    for period, lines in zip(periods, found, strict=True):
        alone = members_of(datamart, MEASURE, period, by=by)
        assert lines.keys() == alone.keys()
        for name, sums in lines.items():
            assert [one.keys.tolist() for one in sums] == [
                one.keys.tolist() for one in alone[name]
            ]


def test_too_large_a_table_is_refused_before_anything_is_told(
    datamart, tmp_path, monkeypatch
):
    """What is refused takes nothing from what may be asked afterwards."""
    project = Project.init(tmp_path / "h", source=None)
    months = each_period(PERIOD, "month")
    monkeypatch.setattr("rounds.conduct.gate_periods.MOST_LINES", 59)
    with Gate.open(project, now=lambda: AT, asker="ana") as ana:
        with pytest.raises(DefinitionError) as caught:
            measure_over(ana, datamart, MEASURE, months, by="care_site")
        assert caught.value.code == "too-many-cells"
        assert "60 lines" in caught.value.what
        assert not project.asked.exists()
        monkeypatch.setattr("rounds.conduct.gate_periods.MOST_LINES", 60)
        assert len(measure_over(ana, datamart, MEASURE, months, by="care_site")) == 12


# -- tables


def unit(name, n=None, k=None, **more):
    if n is None:
        return UnitResult(unit=name, suppressed=True)
    low, high = k / n / 2, (1 + k / n) / 2
    return UnitResult(
        unit=name,
        denominator=n,
        numerator=k,
        value=k / n,
        lower=low,
        upper=high,
        **more,
    )


def result(*units, period="2024-01-01 2024-01-31", overall=None):
    start, end = period.split()
    return MeasureResult(
        measure=REF,
        period=days(start, end),
        overall=overall or unit("overall", 1200, 300),
        by_characteristic="care_site" if units else None,
        by=units,
    )


JANUARY = result(unit("a", 40, 20), unit("b"))
MARCH = result(unit("b", 60, 15), unit("c", 50, 20), period="2024-03-01 2024-03-31")


def answers(*results):
    return [(one.period, one) for one in results]


def test_few_units_stand_beside_each_other():
    """A hidden cell, a unit of which nobody was counted, a month that was not told."""
    nothing = (days("2024-02-01", "2024-02-29"), NotEstimable(reason="Nobody."))
    january, march = answers(JANUARY, MARCH)
    assert period_rows([january, nothing, march]) == [
        ("period", "a", "b", "c", "overall"),
        ("2024-01", "50.0% of 40", "–", "", "25.0% of 1,200"),
        ("2024-02", "n/a", "n/a", "n/a", "n/a"),
        ("2024-03", "", "25.0% of 60", "40.0% of 50", "25.0% of 1,200"),
    ]


def test_a_site_that_is_called_as_the_whole_is_keeps_its_own_column():
    rows = period_rows(answers(result(unit("overall", 40, 20))))
    assert rows[1] == ("2024-01", "50.0% of 40", "25.0% of 1,200")


def test_many_units_stand_below_each_other():
    many = result(*(unit(f"s{n}", 40, 20) for n in range(7)))
    header, first, *rest = period_rows(answers(many))
    assert header[:3] == ("period", "care_site", "numerator")
    assert first == ("2024-01", "s0", "20", "40", "50.0%", "25.0% to 75.0%")
    assert len(rest) == 7
    assert rest[-1][:2] == ("2024-01", "overall")


def test_the_whole_alone_has_every_number_in_a_row():
    nothing = (days("2024-02-01", "2024-02-29"), NotEstimable(reason="Nobody."))
    rows = period_rows([*answers(result()), nothing])
    assert rows[0] == ("period", "numerator", "denominator", "value", "95% interval")
    assert rows[1] == ("2024-01", "300", "1,200", "25.0%", "12.5% to 62.5%")
    assert rows[2] == ("2024-02", "n/a", "n/a", "n/a", "n/a")


def test_what_stands_beside_a_model_says_what_was_expected():
    beside = unit(
        "a", 40, 20,
        expected=16.0, observed_to_expected=1.25,
        observed_to_expected_lower=0.76, observed_to_expected_upper=1.93,
    )  # fmt: skip
    header, first, last = period_rows(answers(result(beside)))
    assert header[-2:] == ("expected", "observed / expected")
    assert first[-2:] == ("16.0", "1.25 (0.76 to 1.93)")
    assert last[-2:] == ("–", "–")
    assert unit_rows(result(beside), "care_site")[1] == first[1:]


def test_the_csv_has_a_line_for_each_unit_and_nothing_of_what_is_hidden():
    nothing = (days("2024-02-01", "2024-02-29"), NotEstimable(reason="Nobody."))
    text = measure_csv([*answers(JANUARY), nothing])
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [(one["period_start"], one["by"], one["unit"]) for one in lines] == [
        ("2024-01-01", "care_site", "a"),
        ("2024-01-01", "care_site", "b"),
        ("2024-01-01", "", "overall"),
        ("2024-02-01", "", "overall"),
    ]
    a, b, whole, none = lines
    assert (a["numerator"], a["denominator"], a["value"]) == ("20", "40", "0.5")
    assert (a["suppressed"], b["suppressed"]) == ("false", "true")
    assert {b[name] for name in ("numerator", "denominator", "value", "lower")} == {""}
    assert whole["not_estimable"] == ""
    assert (none["value"], none["not_estimable"]) == ("", "Nobody.")
