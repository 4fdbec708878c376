"""Clinics were randomised to sequences of arms: stepped wedge and cluster cross-over.

The model is the spreadsheet's for the same designs: a linear mixed model with periods
as fixed effects, and clinics and clinics in a period as random ones, judged after
Kenward and Roger. It uses what is seen between clinics as well as within them, which
least squares with clinic effects throws away, and it holds its level with few clinics.

It takes persons to vary alike in both arms. A harm that is rare in one arm and less
rare in the other varies more there, so harms have the wider of two intervals: this
model's, and one of how clinics do vary.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.loop.evaluation.designs.parallel_cluster import THRESHOLD
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.methods.allocations import sample_ratio as ratios
from rounds.methods.clusters.design_matrix import without_repeats
from rounds.methods.clusters.linear_mixed import MixedFit, linear_mixed
from rounds.methods.clusters.robust_mixed import wider_mixed
from rounds.nouns import Design, Diagnostic

__all__ = [
    "CLUSTER_CROSSOVER",
    "METHOD",
    "STEPPED_WEDGE",
    "dealt_ratio",
    "period_columns",
]

METHOD = (
    "linear mixed model with period effects, random effects of clinics and of clinics "
    "in a period, Kenward and Roger's standard errors and degrees of freedom"
)
METHOD_OF_HARM = METHOD + ", or CR2 and Satterthwaite's where these are wider"


def period_columns(people: Participants) -> list[NDArray[np.float64]]:
    """Give an indicator of each period with anybody in it, but the first."""
    assert people.period is not None
    periods = people.period[people.observed]
    return [(people.period == t).astype(float) for t in np.unique(periods)[1:]]


def _fit(
    people: Participants,
    columns: list[NDArray[np.float64]],
    *,
    column: int,
    level: float,
    model: Callable[..., MixedFit] = linear_mixed,
) -> MixedFit:
    assert people.period is not None
    known = people.observed
    design = np.column_stack([*columns, *period_columns(people)])[known]
    design, column = without_repeats(design, column)
    return model(
        people.outcome[known],
        design,
        people.clinic[known],
        people.period[known],
        column=column,
        level=level,
    )


_fit_of_harm = partial(_fit, model=wider_mixed)


def _sample_ratio(
    allocation: Allocation, people: Participants, design: Design
) -> Diagnostic:
    """Check the sequences' clinics: as allocated, and as they turn up in the data."""
    assert design.schedule is not None
    return dealt_ratio(allocation, people, design.schedule.names, "sequence")


def dealt_ratio(
    allocation: Allocation, people: Participants, names: tuple[str, ...], what: str
) -> Diagnostic:
    """Hold clinics that were dealt to names against the deal, and their losses.

    Parameters
    ----------
    names : tuple of str
        What clinics were dealt to, in the order in which it is said.
    what : str
        What such a name is of, in the singular.
    """
    by_stratum: dict[str, dict[str, int]] = {}
    for sequence, stratum in allocation.values():
        counts = by_stratum.setdefault(stratum, dict.fromkeys(names, 0))
        counts[sequence] = counts.get(sequence, 0) + 1
    total = {n: sum(each.get(n, 0) for each in by_stratum.values()) for n in names}
    possible = _spread(total) <= 1 and all(_spread(c) <= 2 for c in by_stratum.values())
    seen = set(np.unique(people.unit).tolist())
    gone = [sequence for unit, (sequence, _) in allocation.items() if unit not in seen]
    n, n_gone = len(allocation), len(gone)
    # Each sequence against all the others, and as many looks allowed for.
    p_values = [
        ratios.loss_by_arm(k := gone.count(s), total[s], n_gone - k, n - total[s])
        for s in names
    ]
    value = min(1.0, len(names) * min(p_values)) if possible else 0.0
    said = ", ".join(str(total[s]) for s in names)
    lost = ", ".join(str(gone.count(s)) for s in names)
    detail = (
        f"{said} clinics were allocated to the {what}s, in order; {lost} of them "
        "enrolled nobody"
    )
    if not possible:
        detail += "; the randomisation cannot give such a split"
    return Diagnostic(
        name="sample_ratio",
        question=f"Are there as many clinics in each {what} as were randomised to it?",
        value=value,
        threshold=THRESHOLD,
        verdict="fail" if value < THRESHOLD else "pass",
        detail=detail + ".",
    )


def _spread(counts: dict[str, int]) -> int:
    return max(counts.values()) - min(counts.values())


def _clusters(people: Participants) -> NDArray[np.str_]:
    return people.clinic


_ALIKE = "Time is taken to go on alike in all clinics; where it does not, the estimate "
_ALIKE += "may be off, and its interval too narrow."

STEPPED_WEDGE = EvaluationDesign(
    unit="clinics",
    method=METHOD,
    clusters=_clusters,
    sample_ratio=_sample_ratio,
    fit=_fit,
    fit_of_harm=_fit_of_harm,
    method_of_harm=METHOD_OF_HARM,
    limitations=(
        _ALIKE,
        (
            "The effect is taken to be the same from the first day of the card on: see "
            "the effects by time since the switch."
        ),
    ),
)
CLUSTER_CROSSOVER = EvaluationDesign(
    unit="clinics",
    method=METHOD,
    clusters=_clusters,
    sample_ratio=_sample_ratio,
    fit=_fit,
    fit_of_harm=_fit_of_harm,
    method_of_harm=METHOD_OF_HARM,
    limitations=(
        _ALIKE,
        (
            "What clinicians learned from the card is taken not to last when it is "
            "silent: what is carried over draws the arms together."
        ),
    ),
)
