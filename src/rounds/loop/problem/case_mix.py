"""Sites compared after what is known of their patients leads to expect.

A logistic regression over all patients gives each a probability; their sum over a site
is what is expected of it (indirect standardisation). Sites are then held against each
other as before, each moved by its expectation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.comorbidities import Comorbidities
from rounds.datamart.rows import MeasureRows
from rounds.loop.problem.characteristic_columns import (
    Adjusted,
    Columns,
    columns_of,
    in_words,
)
from rounds.loop.problem.diagnoses import Had, had_before, model_fit, what_they_add
from rounds.methods.case_mix.calibration import c_statistic
from rounds.methods.case_mix.regression import Regression, fit_regression
from rounds.methods.case_mix.standardisation import indirect
from rounds.methods.funnels.funnel import Funnel, funnel
from rounds.nouns import (
    CaseMix,
    Diagnoses,
    Estimate,
    ModelFit,
    NotEstimable,
    UnitResult,
)

__all__ = ["adjust_for_case_mix", "said_of_adjustment"]

_FEWEST_UNITS = 5
_FEWEST_EVENTS = 10
"""Patients who met the measure, and who did not, for each coefficient."""

_CODING = (
    "Diagnoses are those written down before the day that counts: sites that write "
    "more of them down have patients who look more ill, whatever they are."
)


@dataclass(frozen=True)
class _Patients:
    """Those of the denominator, and the sites that are compared."""

    met: NDArray[np.float64]
    """1 where the patient met the measure."""
    site: NDArray[np.str_]
    units: Sequence[UnitResult]


def adjust_for_case_mix(
    rows: MeasureRows,
    characteristics: Sequence[Adjusted],
    units: Sequence[UnitResult],
    diagnoses: Comorbidities | NotEstimable | None = None,
) -> tuple[CaseMix | NotEstimable | None, tuple[UnitResult, ...]]:
    """Compare sites as if their patients were alike.

    Parameters
    ----------
    rows : MeasureRows
        Patients of a proportion.
    characteristics : sequence of {"age", "sex", "svi_quartile", "diagnoses"}
        What is adjusted for.
    units : sequence of UnitResult
        The sites, with their counts.
    diagnoses : Comorbidities or NotEstimable, optional
        Of the rows, where they are adjusted for.

    Returns
    -------
    CaseMix, NotEstimable or None, tuple of UnitResult
        Who lies beyond what is expected of them, None where nothing is adjusted for;
        and the sites with what is expected, the ratio of observed to expected and its
        exact 95% interval, or as they were. Where diagnoses cannot be used, the rest
        is, and the reason stands in `diagnoses`.

    Notes
    -----
    Age enters as a parabola, a sex and a quartile of vulnerability as themselves, what
    is not recorded as a group of its own. Where sites whose care is poor have, say,
    older patients, some of their difference is laid to age (Roessler and others): what
    is unfair is never adjusted for unless it is asked for by name.

    References
    ----------
    .. [1] Roessler M, Schmitt J, Schoffer O. Ranking hospitals when performance and
       risk factors are correlated. PLoS ONE 2019;14:e0225844 (summary).
    .. [2] Austin PC, Reeves MJ. The relationship between the C-statistic of a
       risk-adjustment model and the accuracy of hospital report cards. Medical Care
       2013;51:275-284 (abstract): a high c statistic does not make a comparison fair.
    """
    if not characteristics:
        return None, tuple(units)
    counted = np.asarray(rows.denominator)
    met = np.asarray(rows.numerator)[counted].astype(float)
    asked = "diagnoses" in characteristics
    plain = [each for each in characteristics if each != "diagnoses"]
    columns = columns_of(rows, plain, counted) if plain else {}
    if isinstance(columns, NotEstimable):
        return columns, tuple(units)
    if len(units) < _FEWEST_UNITS:
        return NotEstimable(
            reason=f"{len(units)} sites are too few to compare after adjustment; at "
            f"least {_FEWEST_UNITS} are needed."
        ), tuple(units)
    site = np.asarray(rows.care_site, dtype=str)[counted]
    patients = _Patients(met, site, units)
    used = tuple(each for each in plain if each in columns)
    if not asked:
        fit = _fit(used, columns, met)
        if isinstance(fit, NotEstimable):
            return fit, tuple(units)
        return _compared(used, fit, patients)
    had = had_before(
        diagnoses or NotEstimable(reason="nobody looked them up."),
        counted,
        _room(met) - sum(map(len, columns.values())),
    )
    return _with_diagnoses(used, columns, had, patients)


def _with_diagnoses(
    used: tuple[Adjusted, ...],
    columns: dict[Adjusted, Columns],
    had: Had | NotEstimable,
    patients: _Patients,
) -> tuple[CaseMix | NotEstimable | None, tuple[UnitResult, ...]]:
    """Compare with diagnoses; where they cannot be used, without, and say why."""
    before = _fit(used, columns, patients.met) if used else None
    if isinstance(before, NotEstimable):
        return before, tuple(patients.units)
    if isinstance(had, Had):
        every: tuple[Adjusted, ...] = (*used, "diagnoses")
        known = columns | {"diagnoses": had.columns}
        after = _fit(every, known, patients.met)
        try:
            if isinstance(after, Regression):
                said = what_they_add(
                    had,
                    patients.site,
                    None if before is None else _judged(used, known, before, patients),
                    _judged(every, known, after, patients),
                )
                return _compared(every, after, patients, said)
            why = after
        except ValueError as error:
            why = NotEstimable(reason=f"Not adjusted for diagnoses: {error}.")
    else:
        why = had
    if before is None:
        return why, tuple(patients.units)
    return _compared(used, before, patients, why)


def _judged(
    used: Sequence[Adjusted],
    columns: Mapping[Adjusted, Columns],
    fit: Regression,
    patients: _Patients,
) -> ModelFit:
    plot, _ = _held(fit, patients)
    called = [unit.unit for unit in patients.units]
    return model_fit(patients.met, _design(used, columns), plot, called)


def _compared(
    used: tuple[Adjusted, ...],
    fit: Regression,
    patients: _Patients,
    diagnoses: Diagnoses | NotEstimable | None = None,
) -> tuple[CaseMix, tuple[UnitResult, ...]]:
    met, units = patients.met, patients.units
    plot, expected = _held(fit, patients)
    called = np.array([unit.unit for unit in units])
    found = CaseMix(
        adjusted_for=used,
        c_statistic=_discrimination(met, fit.expected, used),
        calibration_error=_calibration_error(met, fit.expected),
        tau2=plot.tau2,
        outliers_low=tuple(called[plot.low].tolist()),
        outliers_high=tuple(called[plot.high].tolist()),
        diagnoses=diagnoses,
    )
    observed = np.array([unit.numerator or 0 for unit in units], dtype=float)
    return found, _with_expected(units, observed, expected)


def _held(fit: Regression, patients: _Patients) -> tuple[Funnel, NDArray[np.float64]]:
    """Hold sites against what a model expects of their patients."""
    units = patients.units
    names, index = np.unique(patients.site, return_inverse=True)
    sums = np.bincount(index, weights=fit.expected)
    sought = dict(zip(names.tolist(), sums.tolist(), strict=True))
    expected = np.array([sought[unit.unit] for unit in units])
    x = np.array([unit.numerator or 0 for unit in units], dtype=float)
    n = np.array([unit.denominator or 0 for unit in units], dtype=float)
    return funnel(x, n, expected=expected), expected


def said_of_adjustment(
    found: CaseMix | NotEstimable | None,
    diagnoses: Comorbidities | NotEstimable | None = None,
) -> tuple[str, ...]:
    """Say what was adjusted for and what was not, as limitations of a Problem."""
    if not isinstance(found, CaseMix):
        plain = (
            "Sites are compared as they are, without adjusting for who their patients "
            "are."
        )
        return (plain,) if found is None else (f"{plain} {found.reason}",)
    listed = in_words(found.adjusted_for)
    both = (
        f"Sites are compared as they are and after adjustment for {listed}; whatever "
        "else differs between their patients is not adjusted for."
    )
    said = [both]
    if "svi_quartile" in found.adjusted_for:
        said.append(
            "Adjusting for social vulnerability, as the plan asks, takes for granted "
            "what is worse for people in vulnerable neighbourhoods."
        )
    if isinstance(found.diagnoses, NotEstimable):
        said.append(found.diagnoses.reason)
    elif found.diagnoses is not None:
        said.append(_CODING)
        if isinstance(diagnoses, Comorbidities):
            said += diagnoses.limitations
    return tuple(said)


def _fit(
    used: Sequence[Adjusted],
    columns: Mapping[Adjusted, Columns],
    met: NDArray[np.float64],
) -> Regression | NotEstimable:
    named = {name: one for each in used for name, one in columns[each].items()}
    wanted = _FEWEST_EVENTS * len(named)
    if len(named) > _room(met):
        return NotEstimable(
            reason=f"Not adjusted for {in_words(used)}: fewer than {wanted} patients "
            f"met the measure, or did not, and {len(named)} coefficients want "
            f"{_FEWEST_EVENTS} each."
        )
    try:
        return fit_regression(
            "logistic", met, _design(used, columns), names=list(named)
        )
    except ValueError as error:
        return NotEstimable(reason=f"Not adjusted for {in_words(used)}: {error}.")


def _room(met: NDArray[np.float64]) -> int:
    """Give how many coefficients the outcomes can bear."""
    return int(min(met.sum(), met.size - met.sum()) // _FEWEST_EVENTS)


def _design(
    used: Sequence[Adjusted], columns: Mapping[Adjusted, Columns]
) -> NDArray[np.float64]:
    return np.column_stack([one for each in used for one in columns[each].values()])


def _discrimination(
    met: NDArray[np.float64],
    expected: NDArray[np.float64],
    characteristics: Sequence[Adjusted],
) -> Estimate:
    found = c_statistic(met, expected)
    return Estimate(
        value=found.value,
        lower=found.lower,
        upper=found.upper,
        scale="index",
        n=int(met.size),
        estimand=f"Discrimination of a model of {in_words(characteristics)}",
        method=(
            "Area under the ROC curve, DeLong's interval; of the patients that the "
            "model was fitted to"
        ),
    )


def _calibration_error(
    met: NDArray[np.float64], expected: NDArray[np.float64]
) -> float:
    edges = np.unique(np.quantile(expected, np.linspace(0.1, 0.9, 9)))
    tenth = np.searchsorted(edges, expected, side="left")
    return float(np.abs(np.bincount(tenth, weights=met - expected)).sum() / met.size)


def _with_expected(
    units: Sequence[UnitResult],
    observed: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> tuple[UnitResult, ...]:
    ratio = indirect(observed, expected)
    return tuple(
        unit.model_copy(
            update={
                "expected": float(expected[i]),
                "observed_to_expected": float(ratio.value[i]),
                "observed_to_expected_lower": float(ratio.lower[i]),
                "observed_to_expected_upper": float(ratio.upper[i]),
            }
        )
        for i, unit in enumerate(units)
    )
