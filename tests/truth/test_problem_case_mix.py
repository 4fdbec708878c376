"""Sites whose patients differ: who falls short, and who has harder patients?

Made clinics, so that it is known: in each world one clinic has much older patients and
ordinary care, and one has young patients and poor care.
"""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom

from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures
from rounds.loop.problem.case_mix import adjust_for_case_mix
from rounds.loop.problem.groups import by_group
from rounds.loop.problem.variation import spread, with_intervals
from rounds.nouns import CaseMix, Variation
from stories.clinics import PERIOD, Clinics

MEASURE = builtin_measures()["blood-pressure-control"]
CLINICS, SIZE, SEEDS = 30, 300, (1, 2, 3, 4)
OLD, POOR = "clinic-03", "clinic-08"
SLOPE, POORER = -0.05, 1.0


def world(seed):
    """Control is less likely with age; clinics differ by a log odds of 0.1."""
    rng = np.random.default_rng(seed)
    clinic = np.repeat(np.arange(CLINICS), SIZE)
    age = rng.integers(30, 84, clinic.size)
    age[clinic == 3] = rng.integers(72, 84, SIZE)
    age[clinic == 8] = rng.integers(30, 42, SIZE)
    effect = 0.1 * rng.standard_normal(CLINICS)
    effect[[3, 8]] = 0.0, -POORER
    logit = 0.6 + SLOPE * (age - 55) + effect[clinic]
    return Clinics(
        clinic=clinic,
        controlled=rng.random(clinic.size) < expit(logit),
        svi=np.full(clinic.size, np.nan),
        female=rng.random(clinic.size) < 0.5,
        day=rng.integers(0, 366, clinic.size),
        age=age,
    )


@pytest.fixture(scope="module", params=SEEDS)
def compared(request):
    rows = measure_rows(world(request.param), MEASURE, PERIOD)
    units = with_intervals(by_group(rows, "care_site"))
    variation = spread(units)
    assert isinstance(variation, Variation)
    case_mix, units = adjust_for_case_mix(rows, ("age", "sex"), units)
    assert isinstance(case_mix, CaseMix)
    return variation, case_mix, {unit.unit: unit for unit in units}


def test_the_clinic_with_older_patients_is_named_only_before_adjustment(compared):
    crude, adjusted, _ = compared
    assert OLD in crude.outliers_low
    assert OLD not in adjusted.outliers_low + adjusted.outliers_high


def test_the_poor_clinic_with_young_patients_is_named_only_after_it(compared):
    crude, adjusted, _ = compared
    assert POOR not in crude.outliers_low + crude.outliers_high
    assert POOR in adjusted.outliers_low


def test_beside_them_no_more_are_named_than_chance_would(compared):
    """Two in a thousand of the other 28, before and after."""
    most = binom.ppf(0.999, CLINICS - 2, 0.002)
    for found in compared[:2]:
        named = set(found.outliers_low + found.outliers_high) - {OLD, POOR}
        assert len(named) <= most


def test_observed_over_expected_holds_what_was_planted(compared):
    """The old clinic's interval holds 1; the poor one's lies below it. All that is
    expected is all that was observed."""
    _, _, units = compared
    old, poor = units[OLD], units[POOR]
    assert old.observed_to_expected_lower < 1 < old.observed_to_expected_upper
    assert poor.observed_to_expected_upper < 1
    assert poor.observed_to_expected == pytest.approx(poor.numerator / poor.expected)
    expected = sum(unit.expected for unit in units.values())
    assert expected == pytest.approx(sum(unit.numerator for unit in units.values()))


def test_the_model_tells_high_from_low_and_is_calibrated(compared):
    """As well as the truth can: over half of all pairs, and within the error of a tenth
    of the patients."""
    _, adjusted, _ = compared
    value, lower, upper = adjusted.c_statistic.numbers
    assert 0.65 < lower < value < upper < 0.8
    error = np.sqrt(0.25 / (CLINICS * SIZE / 10))
    assert adjusted.calibration_error < 2 * error


def test_what_is_left_between_clinics_is_their_spread(compared):
    """A log odds of 0.1 is about 0.023 on the arcsine scale; chance alone may hide
    it, and age no longer adds to it."""
    crude, adjusted, _ = compared
    assert adjusted.tau2 < 0.05**2
    assert adjusted.tau2 < crude.tau2 + 0.02**2
