"""Each eligible visit was randomised on its own, within its clinic.

What is estimated is the effect of the card at one visit, given what had come before it
and while later visits go on being randomised: the excursion effect of a
micro-randomised trial. Each visit's arm is independent of all that came before, so a
plain comparison of visits is unbiased for it, however alike a patient's visits are.
The variance is clustered by clinic, which holds patients and clinicians whole.

References
----------
Klasnja P, Hekler EB, Shiffman S, Boruvka A, Almirall D, Tewari A, Murphy SA (2015).
Microrandomized trials. Health Psychology 34S:1220-1228, DOI 10.1037/hea0000305.
Boruvka A, Almirall D, Witkiewitz K, Murphy SA (2018). Assessing time-varying causal
effect moderation in mobile health. Journal of the American Statistical Association
113:1112-1121, DOI 10.1080/01621459.2017.1305274.
"""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.loop.evaluation.designs.parallel_cluster import THRESHOLD
from rounds.loop.evaluation.designs.parallel_patient import FEWEST_CLINICS
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.loop.evaluation.wording import at_most
from rounds.methods.allocations import sample_ratio as ratios
from rounds.nouns import Design, Diagnostic

__all__ = ["DESIGN"]


def _clusters(people: Participants) -> NDArray[np.str_]:
    """Give the clinic, which holds its patients' visits; the patient if these are few.

    A patient who was seen at two of few clinics is one cluster all the same.
    """
    few = len(np.unique(people.clinic)) < FEWEST_CLINICS
    return people.person if few else people.clinic


def _sample_ratio(
    allocation: Allocation, people: Participants, design: Design
) -> Diagnostic:
    """Check the arms' visits: as allocated, and as they turn up in the data."""
    arms: dict[str, list[int]] = {}
    for arm, stratum in allocation.values():
        arms.setdefault(stratum, [0, 0])[arm != "active"] += 1
    total = [sum(pair[i] for pair in arms.values()) for i in (0, 1)]
    possible = ratios.blocks_permit(
        {stratum: (a, s) for stratum, (a, s) in arms.items()}, max(design.block_sizes)
    )
    active = int(people.active.sum())
    found = [active, len(people) - active]
    lost = [total[i] - found[i] for i in (0, 1)]
    p_value = min(
        1.0,
        3
        * min(
            ratios.arm_ratio(*total),
            ratios.arm_ratio(*found),
            ratios.loss_by_arm(lost[0], total[0], lost[1], total[1]),
        ),
    )
    value = p_value if possible else 0.0
    detail = (
        f"{at_most(total[0])} visits were allocated to the reminder and "
        f"{at_most(total[1])} to silence; {at_most(found[0])} and {at_most(found[1])} "
        "of them were enrolled"
    )
    if not possible:
        detail += "; permuted blocks cannot have given the allocation as it stands"
    return Diagnostic(
        name="sample_ratio",
        question="Are there as many visits in each arm as the randomisation meant?",
        value=value,
        threshold=THRESHOLD,
        verdict="fail" if value < THRESHOLD else "pass",
        detail=detail + ".",
    )


DESIGN = EvaluationDesign(
    unit="visits",
    method=(
        "least squares on visits, CR2 standard errors by clinic (by patient under "
        f"{FEWEST_CLINICS} clinics), Satterthwaite degrees of freedom"
    ),
    clusters=_clusters,
    sample_ratio=_sample_ratio,
    checks=("carry_over", "spill_over"),
    limitations=(
        (
            "The effect is that of one card, at a visit whose past had a card at half "
            "of the visits; were it shown at every visit, cards might tire or add up."
        ),
        (
            "Outcomes of long windows hold later visits too, which were randomised as "
            "well: harm within 90 days is what one card adds, not a whole course."
        ),
        (
            "Each clinician has visits of both arms and knows which: what a card "
            "teaches for good reaches silent visits too, unseen by any check, and "
            "draws the arms together."
        ),
    ),
)
