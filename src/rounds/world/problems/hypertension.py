"""Problem 1: hypertension control in primary care.

Untreated pressure -> drugs x adherence -> true pressure -> reading -> clinician.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds.world.problems.codes import Drug

__all__ = [
    "DRUGS",
    "EXCLUSIONS",
    "PARAMETERS",
    "PREGNANCY_DAYS",
    "Parameters",
    "treated",
]

Floats = NDArray[np.floating]


DRUGS = (
    Drug("lisinopril", "29046"),
    Drug("losartan", "52175"),
    Drug("amlodipine", "17767"),
    Drug("hydrochlorothiazide", "5487"),
    Drug("chlorthalidone", "2409"),
    Drug("metoprolol", "6918"),
    Drug("spironolactone", "9997"),
)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A reason to leave a person out of a blood pressure measure."""

    label: str
    code: str
    display: str
    share: float
    """Share of persons (of women below 50 for pregnancy) who ever get it."""


EXCLUSIONS = (
    Exclusion("pregnancy", "Z33.1", "Pregnant state, incidental", 0.03),
    Exclusion("end-stage renal disease", "N18.6", "End stage renal disease", 0.006),
    Exclusion("dialysis", "Z99.2", "Dependence on renal dialysis", 0.003),
    Exclusion("kidney transplant", "Z94.0", "Kidney transplant status", 0.003),
    Exclusion("palliative care", "Z51.5", "Encounter for palliative care", 0.008),
)


PREGNANCY_DAYS = 280


@dataclass(frozen=True, slots=True)
class Parameters:
    """The figures of the model; each is cited in the README or marked assumed there."""

    untreated_mean: float = 139.2
    untreated_sd: float = 12.5
    normal_mean: float = 119.0
    normal_sd: float = 8.0
    svi_slope: float = 3.5
    clinic_pressure_sd: float = 2.6
    outlier_shift: float = 14.0
    drift_per_year: float = 0.5
    drug_drop: float = 9.1
    drug_drop_at: float = 154.0
    drug_drop_slope: float = 0.1
    visit_sd_low: float = 10.6
    visit_sd_high: float = 13.5
    repeat_sd: float = 3.5
    visits_per_year: float = 5.4
    visits_per_year_other: float = 0.7
    emergency_per_year: float = 0.2
    inpatient_per_year: float = 0.06
    recheck: float = 0.46
    recheck_first: int = 3
    recheck_weeks: int = 6
    measured: float = 0.95
    measured_other: float = 0.5
    second_reading: float = 0.35
    illness: float = 0.001
    illness_drop: float = 48.0
    intensify: float = -1.735
    clinic_process_sd: float = 0.28
    clinician_process_sd: float = 0.2
    severity_slope: float = 0.025
    trend_per_year: float = 0.03
    svi_process_slope: float = -0.15
    clinician_card_sd: float = 0.4
    reminder_fatigue: float = 0.7
    repeat_fatigue: float = 0.9
    reminders_share: float = 0.25
    load_decay: float = 0.75
    same_day: float = 0.85
    callback_days: int = 20
    stop_at_refill: float = 0.05
    natural_overshoot: float = 0.01
    overshoot_systolic: float = 88.0
    overshoot_days: int = 100
    override: float = 0.7
    effect_factor: float = 0.885
    harm_factor: float = 0.83


PARAMETERS = Parameters()


def treated(
    untreated: Floats, adherence: Floats, n_drugs: NDArray[np.integer]
) -> Floats:
    """Give the true systolic pressure on treatment, in mmHg.

    One drug at standard dose lowers the pressure by 9.1 mmHg from 154, and by 1.0
    more for every 10 mmHg above that; each further drug acts on what the one before
    left, and adherence scales it. So the distance to 63 mmHg shrinks by a tenth of
    the adherence for each drug.

    Parameters
    ----------
    untreated : array of float, shape (n,)
        Systolic pressure without any drug, in mmHg.
    adherence : array of float, shape (n,)
        Share of doses taken, in [0, 1].
    n_drugs : array of int, shape (n,)
        Drugs taken.

    Returns
    -------
    array of float, shape (n,)
        In mmHg.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([1.0])
    >>> round(float(treated(154 * one, one, np.array([1]))[0]), 1)
    144.9
    """
    p = PARAMETERS
    floor = p.drug_drop_at - p.drug_drop / p.drug_drop_slope
    return floor + (untreated - floor) * (1 - p.drug_drop_slope * adherence) ** n_drugs
