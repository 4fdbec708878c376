"""What is expected of sites gives back no count of a site that is hidden."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.conduct import without_sites
from rounds.ledger import problem_without, safe
from rounds.nouns import (
    Aim,
    CaseMix,
    Diagnoses,
    Estimate,
    ModelFit,
    NotEstimable,
    Period,
    Problem,
    Ref,
    UnitResult,
    Variation,
)
from rounds.reports.case_mix_words import case_mix_sentences

NONE = NotEstimable(reason="not needed here")
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def ref(kind):
    return Ref(name=f"{kind}/x", version="1", hash="0" * 64)


def unit(name, d, k, expected):
    ratio = k / expected
    return UnitResult(
        unit=name,
        denominator=d,
        numerator=k,
        value=k / d,
        lower=0.0,
        upper=1.0,
        expected=expected,
        observed_to_expected=ratio,
        observed_to_expected_lower=ratio / 2,
        observed_to_expected_upper=ratio * 2,
    )


def problem(units):
    d, k = (
        sum(getattr(u, part) for u in units) for part in ("denominator", "numerator")
    )
    c = Estimate(value=0.65432109, lower=0.61, upper=0.69, scale="index", n=d)
    return Problem(
        name="x",
        title="X",
        measure=ref("measure"),
        period=Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31)),
        units=tuple(units),
        baseline=Estimate(value=k / d, lower=0, upper=1, scale="proportion", n=d),
        variation=Variation(n_units=len(units), target=k / d, phi=1.2345, tau2=0.01234),
        case_mix=CaseMix(
            adjusted_for=("age", "sex"),
            c_statistic=c,
            calibration_error=0.0123456,
            tau2=0.00123456,
        ),
        chart=NONE,
        gap_to_best=NONE,
        aim=Aim(measure="x", target=0.7, by=dt.date(2026, 1, 1)),
        owner="Bo Lind",
        community=ref("community"),
    )


CELLS = st.lists(
    st.integers(1, 80).flatmap(
        lambda d: st.tuples(
            st.just(d), st.integers(0, d), st.floats(0.01, 0.99).map(lambda p: p * d)
        )
    ),
    min_size=2,
    max_size=8,
)


@FEW
@given(CELLS)
def test_a_hidden_site_has_no_expectation_and_a_shown_one_three_digits(cells):
    units = [unit(f"site {i}", *cell) for i, cell in enumerate(cells)]
    shown = safe(problem(units))
    for before, after in zip(units, shown.units, strict=True):
        if after.suppressed:
            assert after == UnitResult(unit=before.unit, suppressed=True)
            continue
        assert float(f"{after.expected:.3g}") == pytest.approx(after.expected)
        assert after.expected == pytest.approx(before.expected, rel=0.006)
        if after.numerator:
            ratio = after.observed_to_expected
            assert ratio * after.expected == pytest.approx(after.numerator)
    assert safe(shown) == shown
    assert Problem.from_json(shown.to_json()) == shown


@FEW
@given(CELLS, st.floats(0.01, 0.99))
def test_what_is_shown_does_not_depend_on_what_was_expected_of_a_hidden_site(cells, p):
    """Sites of five patients, four of whom met the measure, in any world."""
    others = [unit(f"site {i}", *cell) for i, cell in enumerate(cells)]
    one = safe(problem([*others, unit("small", 5, 4, 0.5)]))
    other = safe(problem([*others, unit("small", 5, 4, 5 * p)]))
    assert one == other
    assert one.units[-1].suppressed


def test_with_a_site_hidden_what_it_went_into_is_rounded():
    cells = ((40, 20, 21.0), (9, 4, 5.0), (60, 30, 28.0), (50, 25, 24.0))
    units = [unit(f"site {i}", *cell) for i, cell in enumerate(cells)]
    shown = safe(problem(units)).case_mix
    assert shown.c_statistic.value == 0.654
    assert (shown.calibration_error, shown.tau2) == (0.0123, 0.00123)
    whole = safe(problem([units[0], units[2]])).case_mix
    assert whole.tau2 == 0.00123456


def test_with_the_total_hidden_nothing_is_told_of_case_mix():
    units = [unit(f"site {i}", 1, i % 2, 0.5) for i in range(8)]
    shown = safe(problem(units))
    assert isinstance(shown.baseline, NotEstimable)
    assert isinstance(shown.case_mix, NotEstimable)


def test_a_line_left_out_for_what_was_told_before_takes_its_expectation_with_it():
    units = [unit(f"site {i}", 60, 30, 29.123) for i in range(3)]
    shown = safe(problem(units))
    less = problem_without(shown, {"care_site site 1"}, "Left out.")
    assert less.units[1] == UnitResult(unit="site 1", suppressed=True)
    assert less.case_mix.tau2 == 0.00123
    assert less.units[0].expected == 29.1


def with_diagnoses(found):
    """The same with what diagnoses add; a site is named without them alone."""
    fit = ModelFit(
        c_statistic=found.case_mix.c_statistic,
        calibration_slope=0.98765432,
        calibration_error=0.0123456,
    )
    told = Diagnoses(
        groups=("Dementia",),
        counted_as="groups",
        lookback_days=365,
        depth_low=0.5,
        depth_high=0.9,
        before=fit.model_copy(update={"outliers_low": ("site 0",)}),
        after=fit,
    )
    case_mix = found.case_mix.model_copy(update={"diagnoses": told})
    return found.model_copy(update={"case_mix": case_mix})


def test_what_diagnoses_add_is_rounded_where_a_site_is_hidden():
    """And an old Problem, which knows nothing of them, keeps its hash."""
    cells = ((40, 20, 21.0), (9, 4, 5.0), (60, 30, 28.0), (50, 25, 24.0))
    plain = problem([unit(f"site {i}", *cell) for i, cell in enumerate(cells)])
    assert "diagnoses" not in plain.to_json()
    told = safe(with_diagnoses(plain)).case_mix.diagnoses
    for fit in (told.before, told.after):
        assert fit.c_statistic.value == 0.654
        assert (fit.calibration_slope, fit.calibration_error) == (0.988, 0.0123)


def test_while_a_trial_runs_sites_named_without_diagnoses_are_numbers():
    units = [unit(f"site {i}", 60, 30 - 5 * i, 29.0) for i in range(3)]
    shown = without_sites(with_diagnoses(problem(units))).case_mix.diagnoses
    assert shown.before.outliers_low == ("site 3",)
    assert shown.after.outliers_low == ()


def test_what_is_said_names_who_moves_and_how_the_model_does():
    found = with_diagnoses(problem([unit(f"site {i}", 60, 30, 29.0) for i in range(3)]))
    said = " ".join(case_mix_sentences(found))
    assert "0.65 (0.61 to 0.69) without diagnoses" in said
    assert "no longer outside the limits: site 0 (below)" in said
    assert "dementia" in said
    assert "0.50 (a tenth of sites fewer) to 0.90" in said
    masked = " ".join(case_mix_sentences(found, masked=True))
    assert "site 0" not in masked
