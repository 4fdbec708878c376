"""De-identification on the way in, in two modes named for what they are."""

from rounds.datamart.deidentify.deidentifier import Deidentifier
from rounds.datamart.deidentify.plan import (
    MODES,
    Calendar,
    DeidentifyPlan,
    Mode,
    insist_unchanged,
    plan_from,
)

__all__ = [
    "MODES",
    "Calendar",
    "Deidentifier",
    "DeidentifyPlan",
    "Mode",
    "insist_unchanged",
    "plan_from",
]
