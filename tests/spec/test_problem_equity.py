"""Whom care falls short for: what is said of clinics whose truth is known."""

import datetime as dt

import duckdb
import numpy as np
import pytest

from rounds.datamart.characteristics import characteristics_of
from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures
from rounds.ledger import safe
from rounds.loop.problem.equity import equity_of, run_equity
from rounds.nouns import (
    DataError,
    DefinitionError,
    Equity,
    Estimate,
    Meeting,
    NotEstimable,
    Period,
)
from stories.clinics import PERIOD, clinics

MEASURES = builtin_measures()
MEASURE = MEASURES["blood-pressure-control"]


def run(datamart, measure=MEASURE, period=PERIOD):
    return run_equity(measure, datamart, name="x", title="X", period=period)


@pytest.fixture(scope="module")
def found():
    return run(clinics(seed=3, svi_gap=-0.12))


def of(equity, name):
    return next(one for one in equity.inequalities if one.characteristic == name)


def test_the_indices_hold_the_planted_gradient(found):
    """Risk falls by 4 points a quarter of neighbourhoods: 16 from end to end."""
    svi = of(found, "svi_quartile")
    assert svi.order == "ordered"
    assert svi.slope.lower < -0.16 < svi.slope.upper < 0
    assert svi.relative.upper < 1
    assert svi.concentration.upper < 0
    assert "most vulnerable" in svi.contrast
    assert "by site" in svi.slope.method
    assert svi.gaps[0].gap.value == 0
    assert svi.gaps[3].gap.lower > 0
    assert svi.attributable.lower > 0


def test_groups_without_an_order_have_gaps_and_no_index(found):
    sex = of(found, "sex")
    assert sex.order == "unordered"
    assert isinstance(sex.slope, NotEstimable)
    assert min(one.gap.value for one in sex.gaps) == 0
    assert isinstance(sex.spread, Estimate)


def test_cells_where_groups_meet_are_drawn_towards_what_groups_say(found):
    """Two sexes, four ages and four quarters; only the quarters differ."""
    assert isinstance(found.meeting, Meeting)
    assert len(found.meeting.cells) == 32
    assert found.meeting.pcv > 0.7
    raw = [one.numerator / one.denominator for one in found.meeting.cells]
    drawn = [one.value for one in found.meeting.cells]
    assert np.std(drawn) < np.std(raw)
    assert sum(one.denominator for one in found.meeting.cells) == 3200


def test_what_is_not_recorded_is_shown_and_never_filled_in():
    """A third of the patients have no neighbourhood: they are in no index by it."""
    mart = clinics(seed=5, n_clinics=20, size=60, svi_gap=-0.1)
    mart._connection.execute("DELETE FROM observation WHERE person_id % 3 = 0")
    equity = run(mart)
    svi = of(equity, "svi_quartile")
    assert svi.not_recorded.value == pytest.approx(1 / 3)
    assert svi.groups[-1].unit == "(no SVI)"
    assert svi.slope.n == 800
    assert sum(one.denominator for one in svi.groups) == 1200
    assert len(svi.gaps) == 4
    assert sum(one.denominator for one in equity.meeting.cells) == 800
    said = " ".join(equity.limitations)
    assert "records nothing of: race, ethnicity, insurance, social need" in said


def test_where_nobodys_neighbourhood_is_known_no_number_is_given():
    equity = run(clinics(seed=4, n_clinics=12, size=30, svi_known=False))
    svi = of(equity, "svi_quartile")
    assert svi.not_recorded.value == 1
    for name in ("slope", "relative", "concentration", "spread", "attributable"):
        assert isinstance(getattr(svi, name), NotEstimable)
    assert svi.gaps == ()


@pytest.mark.parametrize("controlled", [0, 400])
def test_where_all_or_none_did_well_no_index_is_given(controlled):
    mart = clinics(seed=4, n_clinics=4, size=100)
    value = 120 if controlled else 160
    mart._connection.execute(f"UPDATE measurement SET value_as_number = {value}")
    mart._connection.execute(
        "UPDATE measurement SET value_as_number = 80 "
        "WHERE measurement_source_concept_id = 2000000003"
    )
    equity = run(mart)
    svi = of(equity, "svi_quartile")
    assert equity.overall.value * 400 == controlled
    assert isinstance(svi.slope, NotEstimable)
    assert isinstance(equity.meeting, NotEstimable)
    assert all(one.gap.value == 0 for one in svi.gaps)


def test_a_measure_that_is_no_proportion_and_days_without_data_are_refused():
    with pytest.raises(DefinitionError) as refused:
        run(clinics(), MEASURES["systolic-after-first-uncontrolled"])
    assert refused.value.code == "problem-not-a-proportion"
    late = Period(start=dt.date(2030, 1, 1), end=dt.date(2030, 12, 31))
    with pytest.raises(DataError) as unknown:
        run(clinics(), period=late)
    assert unknown.value.code == "measure-not-estimable"


def test_other_characteristics_are_compared_where_they_are_recorded():
    """Race is a gap between groups; a social need is a group of its own."""
    rows = measure_rows(clinics(seed=6, n_clinics=10, size=80), MEASURE, PERIOD)
    rng = np.random.default_rng(1)
    race = rng.choice(["Asian", "White", ""], 800)
    need = np.where(rng.random(800) < 0.2, "need recorded", "")
    equity = equity_of(rows, MEASURE, {"race": race, "social_need": need})
    assert [one.unit for one in of(equity, "race").groups] == [
        "Asian",
        "White",
        "(not recorded)",
    ]
    needs = of(equity, "social_need")
    assert [one.unit for one in needs.groups] == ["need recorded", "none recorded"]
    assert isinstance(needs.not_recorded, NotEstimable)
    assert any("not have been asked" in said for said in equity.limitations)


def test_where_needs_were_asked_those_who_were_are_compared():
    """Whoever was not asked is in no comparison, and how many they are is told."""
    rows = measure_rows(clinics(seed=6, n_clinics=10, size=80), MEASURE, PERIOD)
    need = np.array(["need recorded"] * 100 + ["asked, none found"] * 300 + [""] * 400)
    equity = equity_of(rows, MEASURE, {"social_need": need})
    needs = of(equity, "social_need")
    assert [(one.unit, one.denominator) for one in needs.groups] == [
        ("asked, none found", 300),
        ("need recorded", 100),
        ("(not asked)", 400),
    ]
    assert needs.not_recorded.value == 0.5
    assert {one.group for one in needs.gaps} == {"asked, none found", "need recorded"}
    assert any("not everybody is asked" in said for said in equity.limitations)
    assert not any("counts as none" in said for said in equity.limitations)


def test_small_groups_are_hidden_where_it_is_published():
    """Five patients of a group: neither they, nor a sum that gives them back."""
    rows = measure_rows(clinics(seed=6, n_clinics=10, size=80), MEASURE, PERIOD)
    race = np.array(["Asian"] * 5 + ["White"] * 395 + ["Black"] * 400)
    equity = equity_of(rows, MEASURE, {"race": race})
    shown = safe(equity)
    assert safe(shown) == shown
    assert Equity.from_json(shown.to_json()) == shown
    hidden = [one.unit for one in of(shown, "race").groups if one.suppressed]
    assert "Asian" in hidden
    assert len(hidden) == 2
    assert of(shown, "race").spread.n is None
    small = {one.unit for one in equity.meeting.cells if one.denominator <= 10}
    for cell in shown.meeting.cells:
        assert cell.denominator is None or not small
        assert not (cell.unit in small and cell.value is not None)


TABLES = """
CREATE TABLE concept AS FROM (VALUES
    (8516, 'Black', 'Race', '3'), (7, 'Homeless', 'ICD10CM', 'Z59.0'),
    (8, 'Flu', 'ICD10CM', 'J10')
) t(concept_id, concept_name, vocabulary_id, concept_code);
CREATE TABLE person AS FROM (VALUES
    (1, 8516, 'B', 0, NULL), (2, 0, 'own word', 0, 'own'), (3, 0, NULL, 0, NULL)
) t(person_id, race_concept_id, race_source_value, ethnicity_concept_id,
    ethnicity_source_value);
CREATE TABLE payer_plan_period AS FROM (VALUES
    (1, 1, DATE '2024-01-01', DATE '2024-12-31', 'Medicaid'),
    (2, 1, DATE '2023-01-01', DATE '2025-12-31', 'Older'),
    (3, 2, DATE '2020-01-01', DATE '2020-12-31', 'Past')
) t(payer_plan_period_id, person_id, payer_plan_period_start_date,
    payer_plan_period_end_date, payer_source_value);
CREATE TABLE condition_occurrence AS FROM (VALUES
    (2, DATE '2024-03-01', 7), (1, DATE '2024-03-01', 8), (3, DATE '2022-03-01', 7)
) t(person_id, condition_start_date, condition_source_concept_id);
CREATE TABLE observation AS FROM (VALUES (1, DATE '2024-12-31', 8))
    t(person_id, observation_date, observation_source_concept_id);
"""


class Mart:
    """People of whom more is known, as OMOP tables in memory."""

    def __init__(self):
        self._connection = duckdb.connect()
        self._connection.execute(TABLES)


def test_characteristics_are_read_in_words_and_aligned_with_persons():
    found = characteristics_of(Mart(), np.array([3, 1, 2, 1]), dt.date(2024, 12, 31))
    assert {name: labels.tolist() for name, labels in found.items()} == {
        "race": ["", "Black", "own word", "Black"],
        "ethnicity": ["", "", "own", ""],
        "insurance": ["", "Medicaid", "", "Medicaid"],
        "social_need": ["", "", "need recorded", ""],
    }


def test_where_dates_were_moved_only_what_has_no_day_is_read():
    mart = Mart()
    mart.calendar = "shifted"
    found = characteristics_of(mart, np.array([1, 2]), dt.date(2024, 12, 31))
    assert set(found) == {"race", "ethnicity"}


def test_a_broken_datamart_says_so_without_a_value():
    mart = Mart()
    mart._connection.execute("DROP TABLE concept")
    with pytest.raises(DataError) as broken:
        characteristics_of(mart, np.array([1]), dt.date(2024, 12, 31))
    assert broken.value.code == "datamart-unreadable"
    assert "own word" not in str(broken.value)
