"""De-identification on the way in, in two modes named for what they are."""

from rounds.datamart.deidentify.calendar import (
    calendar_of,
    limits_of_calendar,
    refuse_calendar,
    refuse_measure,
)
from rounds.datamart.deidentify.deidentifier import Deidentifier
from rounds.datamart.deidentify.file_names import shown_name
from rounds.datamart.deidentify.plan import (
    MODES,
    Calendar,
    DeidentifyPlan,
    Mode,
    calendar_of_stamp,
    insist_alike,
    plan_from,
)

__all__ = [
    "MODES",
    "Calendar",
    "Deidentifier",
    "DeidentifyPlan",
    "Mode",
    "calendar_of",
    "calendar_of_stamp",
    "insist_alike",
    "limits_of_calendar",
    "plan_from",
    "refuse_calendar",
    "refuse_measure",
    "shown_name",
]
