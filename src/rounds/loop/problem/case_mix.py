"""Sites compared after what their patients' age, sex or neighbourhood lead to expect.

A logistic regression over all patients gives each a probability; their sum over a site
is what is expected of it (indirect standardisation). Sites are then held against each
other as before, each moved by its expectation.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.rows import MeasureRows
from rounds.methods.calibration import c_statistic
from rounds.methods.funnel import funnel
from rounds.methods.regression import Regression, fit_regression
from rounds.methods.standardisation import indirect
from rounds.nouns import CaseMix, Estimate, NotEstimable, UnitResult

__all__ = ["Adjusted", "adjust_for_case_mix", "said_of_adjustment"]

Adjusted = Literal["age", "sex", "svi_quartile"]
_WORDS = {"age": "age", "sex": "sex", "svi_quartile": "social vulnerability"}

_FEWEST_UNITS = 5
_FEWEST_EVENTS = 10
"""Patients who met the measure, and who did not, for each coefficient."""
_FEWEST_UNKNOWN = 20
"""With fewer whose characteristic is not recorded, they are taken to be as the others;
with more they have a coefficient of their own."""

Columns = dict[str, NDArray[np.float64]]


def adjust_for_case_mix(
    rows: MeasureRows, characteristics: Sequence[Adjusted], units: Sequence[UnitResult]
) -> tuple[CaseMix | NotEstimable | None, tuple[UnitResult, ...]]:
    """Compare sites as if their patients were alike.

    Parameters
    ----------
    rows : MeasureRows
        Patients of a proportion.
    characteristics : sequence of {"age", "sex", "svi_quartile"}
        What is adjusted for.
    units : sequence of UnitResult
        The sites, with their counts.

    Returns
    -------
    CaseMix, NotEstimable or None, tuple of UnitResult
        Who lies beyond what is expected of them, None where nothing is adjusted for;
        and the sites with what is expected, the ratio of observed to expected and its
        exact 95% interval, or as they were.

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
    columns = _columns(rows, characteristics, counted)
    if isinstance(columns, NotEstimable):
        return columns, tuple(units)
    used = tuple(each for each in characteristics if each in columns)
    fit = _fit(used, columns, met)
    if isinstance(fit, NotEstimable):
        return fit, tuple(units)
    site = np.asarray(rows.care_site, dtype=str)[counted]
    names, index = np.unique(site, return_inverse=True)
    sums = np.bincount(index, weights=fit.expected)
    sought = dict(zip(names.tolist(), sums.tolist(), strict=True))
    expected = np.array([sought[unit.unit] for unit in units])
    if len(units) < _FEWEST_UNITS:
        return NotEstimable(
            reason=f"{len(units)} sites are too few to compare after adjustment; at "
            f"least {_FEWEST_UNITS} are needed."
        ), tuple(units)
    x = np.array([unit.numerator or 0 for unit in units], dtype=float)
    n = np.array([unit.denominator or 0 for unit in units], dtype=float)
    plot = funnel(x, n, expected=expected)
    called = np.array([unit.unit for unit in units])
    found = CaseMix(
        adjusted_for=used,
        c_statistic=_discrimination(met, fit.expected, used),
        calibration_error=_calibration_error(met, fit.expected),
        tau2=plot.tau2,
        outliers_low=tuple(called[plot.low].tolist()),
        outliers_high=tuple(called[plot.high].tolist()),
    )
    return found, _with_expected(units, x, expected)


def said_of_adjustment(found: CaseMix | NotEstimable | None) -> tuple[str, ...]:
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
    if "svi_quartile" not in found.adjusted_for:
        return (both,)
    granted = (
        "Adjusting for social vulnerability, as the plan asks, takes for granted what "
        "is worse for people in vulnerable neighbourhoods."
    )
    return both, granted


def in_words(characteristics: Sequence[Adjusted]) -> str:
    """List characteristics: `age and sex`."""
    words = [_WORDS[each] for each in characteristics]
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _columns(
    rows: MeasureRows,
    characteristics: Sequence[Adjusted],
    counted: NDArray[np.bool_],
) -> dict[Adjusted, Columns] | NotEstimable:
    """Give the model's columns by characteristic, without those all are alike in."""
    found: dict[Adjusted, Columns] = {}
    for each in characteristics:
        made = _COLUMNS[each](rows, counted)
        if made is None:
            return NotEstimable(
                reason=f"Not adjusted for {in_words(characteristics)}: nobody's "
                f"{_WORDS[each]} is known."
            )
        if made:
            found[each] = made
    if not found:
        return NotEstimable(
            reason=f"Not adjusted for {in_words(characteristics)}: all patients are "
            "alike in it."
        )
    return found


def _fit(
    used: Sequence[Adjusted],
    columns: Mapping[Adjusted, Columns],
    met: NDArray[np.float64],
) -> Regression | NotEstimable:
    named = {name: one for each in used for name, one in columns[each].items()}
    wanted = _FEWEST_EVENTS * len(named)
    if min(met.sum(), met.size - met.sum()) < wanted:
        return NotEstimable(
            reason=f"Not adjusted for {in_words(used)}: fewer than {wanted} patients "
            f"met the measure, or did not, and {len(named)} coefficients want "
            f"{_FEWEST_EVENTS} each."
        )
    design = np.column_stack(list(named.values()))
    try:
        return fit_regression("logistic", met, design, names=list(named))
    except ValueError as error:
        return NotEstimable(reason=f"Not adjusted for {in_words(used)}: {error}.")


def _age(rows: MeasureRows, counted: NDArray[np.bool_]) -> Columns | None:
    age = np.asarray(rows.age)[counted].astype(float)
    known = age >= 0
    if not known.any():
        return None
    if np.ptp(age[known]) == 0:
        return {}
    decades = np.where(known, (age - age[known].mean()) / 10, 0.0)
    bent = np.where(known, decades**2 - (decades[known] ** 2).mean(), 0.0)
    columns = {"age": decades}
    if np.unique(age[known]).size > 2:
        columns["age squared"] = bent
    return columns | _unknown("age not recorded", known)


def _sex(rows: MeasureRows, counted: NDArray[np.bool_]) -> Columns | None:
    sex = np.asarray(rows.sex)[counted]
    known = sex != ""
    if not known.any():
        return None
    if np.unique(sex[known]).size < 2:
        return {}
    man = (sex == "M").astype(float)
    share = man[known].mean()
    return {"sex": np.where(known, man - share, 0.0)} | _unknown(
        "sex not recorded", known
    )


def _svi_quartile(rows: MeasureRows, counted: NDArray[np.bool_]) -> Columns | None:
    quartile = np.asarray(rows.svi_quartile)[counted]
    known = quartile > 0
    if not known.any():
        return None
    there = np.unique(quartile[known])
    columns: Columns = {}
    for each in there[1:].tolist():
        own = (quartile == each).astype(float)
        columns[f"SVI quartile {each}"] = np.where(known, own - own[known].mean(), 0.0)
    return columns and columns | _unknown("SVI not known", known)


_COLUMNS = {"age": _age, "sex": _sex, "svi_quartile": _svi_quartile}


def _unknown(name: str, known: NDArray[np.bool_]) -> Columns:
    if (~known).sum() < _FEWEST_UNKNOWN:
        return {}
    return {name: (~known).astype(float)}


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
