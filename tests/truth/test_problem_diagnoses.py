"""Sites whose patients are more or less ill: what diagnoses tell, and what not.

Made clinics, so that it is known: clinic 3 has much more illness and ordinary care,
clinic 8 healthy patients and poor care. Age and sex say nothing of either.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom

from rounds.datamart.comorbidities import Comorbidities
from rounds.datamart.rows import MeasureRows
from rounds.definitions import charlson_groups
from rounds.loop.problem.case_mix import adjust_for_case_mix
from rounds.loop.problem.diagnoses import had_before, model_fit
from rounds.loop.problem.groups import by_group
from rounds.loop.problem.variation import with_intervals
from rounds.methods.case_mix.calibration import c_statistic
from rounds.methods.case_mix.regression import fit_regression
from rounds.nouns import CaseMix, Diagnoses, NotEstimable

CLINICS, SIZE = 30, 300
ILL, POOR = "clinic-03", "clinic-08"
TITLES = [each.title for each in charlson_groups()]
WORKING = 6
"""Groups that bear on the outcome, each by a log odds of 0.9; the others on nothing."""
EVERYTHING = ("age", "sex", "diagnoses")


def made(seed, *, effect=0.9, poorer=1.0, spread=0.1, written=None, ill=3):
    """Give rows and diagnoses; `written` is how much of them each clinic records."""
    rng = np.random.default_rng(seed)
    clinic = np.repeat(np.arange(CLINICS), SIZE)
    n = clinic.size
    burden = np.where(clinic == ill, 0.45, np.where(clinic == 8, 0.04, 0.15))
    has = rng.random((n, len(TITLES))) < burden[:, None]
    u = spread * rng.standard_normal(CLINICS)
    u[[3, 8]] = 0.0, -poorer
    eta = 1.0 - effect * has[:, :WORKING].sum(axis=1) + u[clinic]
    met = rng.random(n) < expit(eta)
    seen = (
        has
        if written is None
        else has & (rng.random(has.shape) < written[clinic][:, None])
    )
    rows = MeasureRows(
        person_id=np.arange(n),
        person_source_value=np.arange(n).astype(str),
        care_site=np.char.add("clinic-", np.char.zfill(clinic.astype(str), 2)),
        provider=np.full(n, ""),
        index_date=np.full(n, np.datetime64("2024-12-31")),
        age=rng.integers(30, 84, n).astype(np.int16),
        sex=np.where(rng.random(n) < 0.5, "F", "M"),
        svi_quartile=np.zeros(n, np.int8),
        denominator=np.ones(n, bool),
        numerator=met,
        observed=np.ones(n, bool),
        excluded=np.zeros(n, bool),
        excepted=np.zeros(n, bool),
        value=met.astype(float),
    )
    groups = {title: seen[:, i] for i, title in enumerate(TITLES)}
    return rows, Comorbidities(groups=groups, recorded=np.ones(n, bool))


def adjusted(rows, had, by=EVERYTHING):
    units = with_intervals(by_group(rows, "care_site"))
    found, units = adjust_for_case_mix(rows, by, units, had)
    assert isinstance(found, CaseMix)
    return found, {unit.unit: unit for unit in units}


@pytest.fixture(scope="module", params=[1, 2])
def world(request):
    return adjusted(*made(request.param))


def test_the_clinic_with_more_illness_is_named_only_without_diagnoses(world):
    found, units = world
    assert ILL in found.diagnoses.before.outliers_low
    assert ILL not in found.outliers_low + found.outliers_high
    low, high = (
        getattr(units[ILL], f"observed_to_expected_{end}") for end in ("lower", "upper")
    )
    assert low < 1 < high


def test_the_poor_clinic_with_healthy_patients_is_named_only_with_them(world):
    found, _ = world
    assert POOR not in found.diagnoses.before.outliers_low
    assert POOR in found.outliers_low
    others = set(found.outliers_low + found.outliers_high) - {POOR}
    assert len(others) <= binom.ppf(0.999, CLINICS - 2, 0.002)


def test_discrimination_is_an_oracle_s_and_calibration_stays(world, request):
    """Judged on patients the model has not seen; without diagnoses it knows nothing."""
    gain = world[0].diagnoses
    rows, had = made(request.node.callspec.params["world"])
    burden = np.sum([had.groups[title] for title in TITLES[:WORKING]], axis=0)
    oracle = c_statistic(rows.numerator, -burden)
    before, after = gain.before, gain.after
    print(
        f"c {before.c_statistic.value:.3f} without diagnoses, "
        f"{after.c_statistic.value:.3f} with, an oracle's {oracle.value:.3f}; "
        f"slope {after.calibration_slope:.2f}"
    )
    assert before.c_statistic.lower < 0.52
    assert abs(after.c_statistic.value - oracle.value) < 2 * oracle.se
    assert after.c_statistic.lower > before.c_statistic.upper
    assert after.calibration_slope == pytest.approx(1, abs=0.1)
    assert after.calibration_error < 2 * np.sqrt(0.25 / (CLINICS * SIZE / 10))
    assert gain.counted_as == "groups"
    assert set(gain.groups) == set(TITLES)


NOBODY = SimpleNamespace(low=np.zeros(CLINICS, bool), high=np.zeros(CLINICS, bool))


def test_diagnoses_that_mean_nothing_only_seem_to_help():
    """Fitted to the patients themselves, the c statistic rises; judged on others, it
    does not. The tolerance is four Monte Carlo errors."""
    apparent, honest = [], []
    some = slice(0, None, 6)
    for seed in range(8):
        rows, had = made(100 + seed, effect=0.0, poorer=0.0, ill=None)
        met = rows.numerator[some].astype(float)
        age = rows.age[some, None] / 10.0
        known = had_before(had, rows.denominator, 100)
        more = np.column_stack([age, *(v[some] for v in known.columns.values())])
        fitted = [fit_regression("logistic", met, x).expected for x in (age, more)]
        plain, full = (c_statistic(met, one).value for one in fitted)
        apparent.append(full - plain)
        plain, full = (
            model_fit(met, x, NOBODY, [""] * CLINICS).c_statistic.value
            for x in (age, more)
        )
        honest.append(full - plain)
    print(f"of noise: apparent +{np.mean(apparent):.3f}, honest {np.mean(honest):+.3f}")
    assert min(apparent) > 0.005
    assert np.mean(honest) < 4 * np.std(honest) / np.sqrt(len(honest))


def test_expected_is_unbiased_where_the_model_is_true():
    """O/E of ordinary clinics is 1 on average over worlds, and its interval holds 1."""
    ratios, held = [], []
    for seed in range(2):
        _, units = adjusted(*made(200 + seed, poorer=0.0, spread=0.0))
        ratios += [unit.observed_to_expected for unit in units.values()]
        held += [
            unit.observed_to_expected_lower < 1 < unit.observed_to_expected_upper
            for unit in units.values()
        ]
    error = np.std(ratios) / np.sqrt(len(ratios))
    assert abs(np.mean(ratios) - 1) < 4 * error
    # Poisson limits of binomial counts are too wide, so they hold more than promised.
    assert np.mean(held) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / len(held))


def test_a_clinic_that_writes_less_down_is_wronged_and_the_depth_of_coding_shows_it():
    """The broken world: six clinics write down a tenth of what they know. Their
    patients look healthy, so ordinary care looks poor; the Problem shows how far sites
    differ in what they write down."""
    written = np.ones(CLINICS)
    written[20:26] = 0.1
    broken, units = adjusted(*made(5, poorer=0.0, written=written))
    sound, _ = adjusted(*made(5, poorer=0.0))
    ratio = np.mean([units[f"clinic-{i}"].observed_to_expected for i in range(20, 26)])
    print(f"six that write a tenth: observed over expected {ratio:.2f}")
    assert ratio < 0.95
    assert broken.diagnoses.depth_low < sound.diagnoses.depth_low / 4
    assert sound.diagnoses.depth_low > 0.8 * sound.diagnoses.depth_high


def test_few_outcomes_bear_a_number_of_groups_and_fewer_still_none():
    """What was asked for and could not be done is said; the rest is adjusted for."""
    rows, had = made(6)
    few = np.arange(len(rows)) % 60 == 0
    counted = {"denominator": rows.denominator & few}
    found, _ = adjusted(type(rows)(**{**vars(rows), **counted}), had)
    assert isinstance(found.diagnoses, Diagnoses)
    assert found.diagnoses.counted_as == "number"
    assert found.diagnoses.groups == ()
    counted = {"denominator": rows.denominator & (np.arange(len(rows)) % 20 == 0)}
    counted["numerator"] = np.arange(len(rows)) % 600 != 0
    few = type(rows)(**{**vars(rows), **counted})
    one = adjusted(few, had, ("sex", "diagnoses"))[0]
    assert one.adjusted_for == ("sex",)
    assert isinstance(one.diagnoses, NotEstimable)
    assert "another coefficient" in one.diagnoses.reason
