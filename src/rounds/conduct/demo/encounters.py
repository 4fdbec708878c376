"""A demo in which each visit is randomised on its own."""

from rounds.conduct.plan import ChangePlan
from rounds.nouns import Design

__all__ = ["by_encounter"]

_FIRST = "intensified-after-first-uncontrolled"
_EACH = "treatment-intensified"
_CHECKS = ("carry_over", "spill_over")


def by_encounter(plan: ChangePlan) -> ChangePlan:
    """Give the same plan with visits randomised, in blocks within their clinic.

    What changes within 14 days is read of every eligible visit. What takes 30 to 90
    days is read of each patient's first: later ones would count the same reading again
    and again, under the arms of several visits.
    """
    said = plan.protocol
    endpoints = tuple(
        one.model_copy(update={"measure": _EACH}) if one.measure == _FIRST else one
        for one in said.endpoints
    )
    protocol = said.model_copy(
        update={
            "title": "A card to intensify treatment, each visit randomised",
            "population": (
                "Uncontrolled outpatient visits after go-live of adults aged 18 to 85 "
                "with hypertension; for outcomes of more than 14 days, each patient's "
                "first such visit"
            ),
            "treatment": "The card is shown to the clinician at that visit",
            "comparator": "No card at that visit; it is computed and kept silent",
            "endpoints": endpoints,
            "covariates": ("stratum",),
            "required_diagnostics": (*said.required_diagnostics, *_CHECKS),
        }
    )
    design = Design(unit="encounter", strata=("clinic",))
    return plan.model_copy(update={"design": design, "protocol": protocol})
