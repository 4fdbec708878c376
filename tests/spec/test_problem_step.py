"""What the first step says of clinics whose truth is known."""

import numpy as np
import pytest

from rounds.datamart.measures.running import run_measure
from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures
from rounds.loop import problem
from rounds.loop.problem.groups import by_group
from rounds.nouns import Estimate, NotEstimable, Problem, Variation
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

MEASURE = builtin_measures()["blood-pressure-control"]


def run(datamart, **changes):
    options = {
        "name": "control",
        "title": "Control of blood pressure",
        "period": PERIOD,
        "aim": AIM,
        "owner": "O. Wner",
        "community": COMMUNITY,
    }
    return problem.run(MEASURE, datamart, **(options | changes))


@pytest.fixture(scope="module")
def found():
    return run(clinics(seed=3, svi_gap=-0.12))


def test_every_unit_has_its_counts_and_wilson_interval(found):
    """Forty clinics of eighty patients, each value inside its interval."""
    assert len(found.units) == 40
    for unit in found.units:
        assert unit.denominator == 80
        assert unit.lower < unit.value == unit.numerator / 80 < unit.upper


def test_variation_beyond_chance_is_measured(found):
    """The planted spread of 0.35 lies in the interval of the median odds ratio."""
    variation = found.variation
    assert isinstance(variation, Variation)
    truth = np.exp(np.sqrt(2) * 0.35 * 0.67449)
    assert variation.median_odds_ratio_lower < truth < variation.median_odds_ratio_upper
    assert variation.phi > 1


def test_the_baseline_allows_for_patients_coming_in_sites(found):
    """Its interval is cluster-robust, and wider than Wilson's would be."""
    baseline = found.baseline
    numerator = sum(unit.numerator for unit in found.units)
    assert baseline.value == pytest.approx(numerator / 3200)
    assert "CR2" in baseline.method
    simple = 1.96 * np.sqrt(baseline.value * (1 - baseline.value) / 3200)
    assert baseline.upper - baseline.value > 1.2 * simple


def test_the_gap_by_neighbourhood_holds_the_planted_one(found):
    """Most vulnerable minus least, 12 points were planted."""
    svi = next(d for d in found.differences if d.characteristic == "svi_quartile")
    assert [group.unit for group in svi.groups] == [
        f"SVI quartile {i}" for i in (1, 2, 3, 4)
    ]
    assert svi.gap.lower < -0.12 < svi.gap.upper < 0
    assert svi.gap.scale == "risk_difference"


def test_gaps_by_sex_and_age_are_last_group_minus_first(found):
    """Men minus women, oldest minus youngest, and every group is shown."""
    for name, size in (("sex", 2), ("age", 4)):
        one = next(d for d in found.differences if d.characteristic == name)
        assert len(one.groups) == size
        assert one.gap.value == pytest.approx(
            one.groups[-1].value - one.groups[0].value
        )
        assert one.gap.n == one.groups[0].denominator + one.groups[-1].denominator


def test_the_gap_to_the_best_quarter_is_in_patients(found):
    """A count with its interval, of more than none and fewer than all."""
    gap = found.gap_to_best
    assert (gap.scale, gap.unit) == ("count", "{patients}")
    assert 0 < gap.lower < gap.value < gap.upper < 3200


def test_the_chart_says_what_its_points_are(found):
    """Twelve months of patients seen, not overlapping windows."""
    assert [point.label for point in found.chart.points] == [
        f"2024-{month:02d}" for month in range(1, 13)
    ]
    assert "patients seen in that month" in found.chart.note
    assert found.chart.longest_run_limit == 7


def test_a_problem_says_what_it_was_made_from_and_survives_json(found):
    """Measure, community and snapshot are named; JSON gives the same noun."""
    kinds = {ref.kind for ref in found.provenance.made_from}
    assert {"measure", "community"} <= kinds
    assert found.provenance.snapshot == "a" * 64
    assert Problem.from_json(found.to_json()) == found


def test_the_same_input_gives_the_same_problem(found):
    """No random number comes from the air."""
    assert run(clinics(seed=3, svi_gap=-0.12)).ref() == found.ref()


def test_tiny_sites_can_tell_nothing_and_the_problem_says_so():
    """79 sites of two patients: no variation, no gap, and sentences that say why."""
    found = run(clinics(seed=4, n_clinics=79, size=2, svi_known=False))
    assert isinstance(found.variation, NotEstimable)
    assert isinstance(found.gap_to_best, NotEstimable)
    assert "79 sites, median 1–10 patients" in found.variation.reason
    said = " ".join(found.limitations)
    assert "nothing can be told" in said
    assert "league table" in said
    assert isinstance(found.baseline, Estimate)


def test_without_svi_the_gap_by_neighbourhood_is_not_estimable():
    """Absent is not nought."""
    found = run(clinics(seed=5, svi_known=False))
    svi = next(d for d in found.differences if d.characteristic == "svi_quartile")
    assert isinstance(svi.gap, NotEstimable)
    assert "social vulnerability index" in svi.gap.reason


def test_large_alike_sites_are_said_to_be_alike():
    """Where sites are large and do not differ, that is a finding, not ignorance."""
    found = run(clinics(seed=6, n_clinics=20, size=400, spread=0.0))
    assert isinstance(found.variation, Variation)
    assert found.variation.median_odds_ratio_lower == 1
    assert found.variation.median_odds_ratio_upper < 1.3
    assert "Chance alone could explain" in " ".join(found.limitations)


def test_those_who_opted_out_are_in_no_count():
    """A patient less for each who opted out."""
    datamart = clinics(seed=7, n_clinics=10)
    found = run(datamart, without=frozenset({"p1", "p2", "p3"}))
    assert sum(unit.denominator for unit in found.units) == 797


def test_those_whose_consent_denies_research_are_in_no_count_either():
    """Nobody needs to name them; a denial of treatment, or one that ended, is none."""
    datamart = clinics(seed=7, n_clinics=10)
    datamart._connection.execute(
        "CREATE VIEW rounds_opt_out AS SELECT person_id, scope, DATE '2020-01-01' AS "
        "from_date, until_date FROM person JOIN (VALUES ('p1', 'research', NULL), "
        "('p2', 'research', NULL), ('p3', 'treatment', NULL), "
        "('p4', 'research', DATE '2021-01-01')) AS t(person_source_value, scope, "
        "until_date) USING (person_source_value)"
    )
    found = run(datamart, without=frozenset({"p1", "p5"}))
    assert sum(unit.denominator for unit in found.units) == 797


def test_an_aim_already_met_is_pointed_out():
    """The aim of 10% is met by anyone."""
    found = run(
        clinics(seed=8, n_clinics=10), aim=AIM.model_copy(update={"target": 0.1})
    )
    assert "The baseline already meets the aim." in found.limitations


@pytest.mark.parametrize("by", ["care_site", "sex", "age", "svi_quartile"])
def test_groups_are_those_that_running_the_measure_gives(by):
    """Rows read once give the same labels, order and counts."""
    datamart = clinics(seed=9, n_clinics=8, size=30)
    datamart._connection.execute(
        "UPDATE person SET gender_concept_id = 0, year_of_birth = NULL "
        "WHERE person_id % 7 = 0"
    )
    datamart._connection.execute("DELETE FROM observation WHERE person_id % 5 = 0")
    asked = run_measure(datamart, MEASURE, PERIOD, by=by).by
    counted = by_group(measure_rows(datamart, MEASURE, PERIOD), by)
    assert [(u.unit, u.denominator, u.numerator) for u in asked] == [
        (u.unit, u.denominator, u.numerator) for u in counted
    ]


def test_where_none_met_the_measure_sites_cannot_be_told_apart():
    """Nought everywhere is a finding about patients, not about sites."""
    found = run(clinics(seed=10, n_clinics=12, centre=-30.0, spread=0.0))
    assert found.baseline.value < 0.03
    datamart = clinics(seed=10, n_clinics=12)
    datamart._connection.execute("UPDATE measurement SET value_as_number = 160")
    found = run(datamart)
    assert found.baseline.value == 0
    assert "Wilson" in found.baseline.method
    assert found.variation.reason.startswith("None of 960 patients, in 12 sites")
    assert isinstance(found.chart, NotEstimable)
    svi = next(d for d in found.differences if d.characteristic == "svi_quartile")
    assert svi.gap.lower < 0 == svi.gap.value < svi.gap.upper
    assert "Newcombe" in svi.gap.method
