"""Where chances of the arms followed outcomes: checks, and other looks at the effect.

============== ========================================== =========================
check          fails when                                  because
============== ========================================== =========================
drift          outcomes of the silent arm rise or fall     what drifts makes the
               over the days of enrolment (p < 0.001)      unadjusted estimate wrong;
                                                           by epochs it is not
============== ========================================== =========================

References
----------
Jiang Y, Zhao W, Durkalski-Mauldin V (2019). Time-trend impact on treatment estimation
in two-arm clinical trials with a binary outcome and Bayesian response adaptive
randomization. Journal of Biopharmaceutical Statistics 30:69-88 (abstract).
DOI 10.1080/10543406.2019.1607368
"""

from collections.abc import Mapping

import numpy as np

from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.response_adaptive import told_of
from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.participants import Participants
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.shares import adjusted_difference
from rounds.nouns import (
    AdaptiveResult,
    Diagnostic,
    Estimate,
    NotEstimable,
    Protocol,
)
from rounds.practice.epochs import Epoch, stratum_of

__all__ = ["ADAPTIVE_CHECKS", "adaptive_result", "difference_in_epochs", "drift"]

ADAPTIVE_CHECKS = ("drift",)
"""The checks that only such allocations have."""

P_DRIFT = 0.001
_EVEN = stratum_of(0)


def drift(people: Participants, protocol: Protocol) -> Diagnostic:
    """Ask whether outcomes of the silent arm rose or fell while patients enrolled."""
    question = "Did outcomes without the reminder stay as they were?"
    silent = people.where(people.observed & ~people.active)
    clusters = design_of(protocol).clusters(silent)
    day = silent.index_date.astype("datetime64[D]").astype(float)
    try:
        fitted = cluster_ols(
            silent.outcome,
            np.column_stack([day - day.mean(), np.ones(len(day))])
            if len(day)
            else np.zeros((0, 2)),
            clusters,
        )
    except ValueError:
        return Diagnostic(
            name="drift",
            question=question,
            verdict="not_evaluated",
            detail="too few outcomes without the reminder are known.",
        )
    failed = fitted.p_value < P_DRIFT
    return Diagnostic(
        name="drift",
        question=question,
        value=fitted.p_value,
        threshold=P_DRIFT,
        verdict="fail" if failed else "pass",
        detail=(
            "they rose or fell with the day of enrolment: read no estimate that takes "
            "early and late patients together."
            if failed
            else "no rise or fall with the day of enrolment was found."
        ),
    )


def difference_in_epochs(people: Participants, margin: float) -> float:
    """Give the p-value that arms differ in whose outcome is known, within epochs.

    Parameters
    ----------
    margin : float
        A difference that does not matter.
    """
    epochs = [
        (people.stratum == one).astype(float) for one in np.unique(people.stratum)
    ]
    clinics = people.clinic
    if len(np.unique(clinics)) < 2:
        clinics = people.person
    return adjusted_difference(people.observed, people.active, epochs, clinics, margin)


def adaptive_result(
    people: Participants,
    protocol: Protocol,
    epochs: tuple[Epoch, ...],
    basis: Mapping[str, Mapping[str, str | float]],
    sealed: str | None,
) -> AdaptiveResult | None:
    """Look at the primary effect in other ways; nothing is looked at while sealed.

    Parameters
    ----------
    basis : mapping of unit to what it was allocated by
        Of which `share` says whether it was as likely in either arm throughout.

    Returns
    -------
    AdaptiveResult or None
        None where chances never followed outcomes. Its estimates do not allow for
        looks, and name no numbers of patients.
    """
    if protocol.adaptation is None:
        return None
    if sealed is not None:
        return AdaptiveResult(note=f"sealed: {sealed}")
    even = people.stratum == _EVEN
    even |= np.array(
        [basis.get(str(unit), {}).get("share") == "even" for unit in people.unit], bool
    )
    left_out = (people.observed & ~told_of(people)).any()
    note = "Epochs with too few known outcomes in an arm are not in the estimate."
    return AdaptiveResult(
        chances=tuple(one.chance for one in epochs),
        unadjusted=_as_one(people, protocol),
        even_share=_as_one(people.where(even), protocol),
        note=note if left_out else "",
    )


def _as_one(people: Participants, protocol: Protocol) -> Estimate | NotEstimable:
    """Estimate the primary effect as if chances had been the same throughout."""
    covariates = tuple(one for one in protocol.covariates if one != "stratum")
    plain = {
        "allocation": "permuted_blocks",
        "adaptation": None,
        "covariates": covariates,
    }
    found = effect(people, protocol.model_copy(update=plain), protocol.primary).estimate
    if isinstance(found, NotEstimable):
        return found
    return found.model_copy(update={"n": None})
