"""What is known of each clinic, and which stratum it is randomised in."""

from collections.abc import Mapping

import numpy as np

from rounds.datamart import AnyDatamart, run_measure
from rounds.nouns import DataError, Measure, MeasureResult, Period

__all__ = ["clinic_baselines", "clinic_strata"]


def clinic_strata(baselines: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """Halve the clinics by size, and each half by its baseline rate.

    Parameters
    ----------
    baselines : dict
        As `clinic_baselines` gives them.

    Returns
    -------
    dict
        Clinic to stratum, `large-high`, `large-low`, `small-high` or `small-low`.
    """
    units = sorted(baselines, key=lambda unit: (-baselines[unit]["size"], unit))
    half = (len(units) + 1) // 2
    strata = {}
    for label, part in (("large", units[:half]), ("small", units[half:])):
        if not part:
            continue
        rates = {unit: baselines[unit]["baseline_rate"] for unit in part}
        middle = float(np.median(list(rates.values())))
        for unit, rate in rates.items():
            strata[unit] = f"{label}-{'high' if rate > middle else 'low'}"
    return strata


def clinic_baselines(
    datamart: AnyDatamart,
    measure: Measure,
    period: Period,
    *,
    without: frozenset[str] = frozenset(),
) -> dict[str, dict[str, float]]:
    """Give what is known of each clinic before it is allocated.

    Parameters
    ----------
    measure : Measure
        The primary measure; its denominator in the baseline period is a clinic's size.
    without : frozenset of str
        `person_source_value` of those who opted out, beside those whose consents in the
        datamart deny research: they weigh in no clinic.

    Returns
    -------
    dict
        Clinic to `size` (its denominator) and `baseline_rate`; clinics with no one in
        the denominator are left out.

    Raises
    ------
    DataError
        If fewer than two clinics have anyone in the denominator.
    """
    result = run_measure(datamart, measure, period, by="care_site", without=without)
    if not isinstance(result, MeasureResult):
        raise DataError(
            f"The clinics cannot be stratified: {result.reason}",
            code="no-strata",
            remedies=("Choose a baseline period that the data cover.",),
        )
    baselines = {
        u.unit: {"size": float(u.denominator), "baseline_rate": float(u.value or 0.0)}
        for u in result.by
        if u.denominator and not u.unit.startswith("(")
    }
    if len(baselines) < 2:
        raise DataError(
            f"{len(baselines)} clinic(s) have anyone in the denominator; "
            "a clinic-randomised trial needs two at the least.",
            code="too-few-clinics",
            remedies=("Randomise by patient instead: design.unit: patient",),
        )
    return baselines
