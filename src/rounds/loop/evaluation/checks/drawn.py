"""Could the allocation, as it stands, have been drawn as it was said to be?

No seed is needed: pairs, blocks and constrained sets rule out allocations, and the
coins of a minimisation are independent of one another. That the seed gives exactly this
allocation is for whoever replays it once it is revealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rounds.loop.evaluation.participants import Allocation
from rounds.methods.allocations.constrained_allocations import imbalance
from rounds.methods.allocations.minimisation import coins
from rounds.methods.allocations.sample_ratio import arm_ratio
from rounds.nouns import Design, Diagnostic, Rollout
from rounds.practice.epochs import EVEN, Epoch, stratum_of

__all__ = ["Drawn", "drawn_as_said", "held_to"]

Basis = Mapping[str, Mapping[str, str | float]]
"""Unit → what was known of it when it was allocated."""


@dataclass(frozen=True)
class Drawn:
    """What the record of an allocation says of how it was drawn."""

    p_value: float = 1.0
    """That chance fell as it should; 0 where it cannot have been so."""
    said: str = ""
    """What was found, in words; empty where there is nothing to say."""


def drawn_as_said(
    allocation: Allocation,
    basis: Basis,
    rollout: Rollout,
    epochs: tuple[Epoch, ...] = (),
) -> Drawn:
    """Hold an allocation against the way in which the rollout drew it.

    Parameters
    ----------
    allocation : mapping of unit to (arm, stratum)
        In the order of allocation.
    basis : mapping of unit to what was known of it
    epochs : tuple of Epoch
        The chances that were in force; none if they do not hold to their looks.
    """
    design = rollout.design
    if design.allocation == "matched_pairs":
        return _pairs(allocation)
    if design.allocation == "covariate_constrained":
        return _constrained(allocation, basis, rollout)
    if design.allocation == "minimisation":
        return _minimised(allocation, basis, design)
    if design.allocation == "response_adaptive":
        return _adapted(allocation, basis, design, epochs)
    return Drawn()  # blocks are held to their strata by the sample ratio itself


def held_to(ratio: Diagnostic, drawn: Drawn) -> Diagnostic:
    """Give the sample-ratio diagnostic with what the allocation itself says."""
    assert ratio.value is not None
    assert ratio.threshold is not None
    if not drawn.said:
        return ratio
    value = min(1.0, 2 * min(ratio.value, drawn.p_value))
    detail = f"{ratio.detail.removesuffix('.')}; {drawn.said}."
    verdict = "fail" if value < ratio.threshold else "pass"
    return ratio.model_copy(
        update={"value": value, "verdict": verdict, "detail": detail}
    )


def _counts(allocation: Allocation) -> dict[str, tuple[int, int]]:
    arms: dict[str, list[int]] = {}
    for arm, stratum in allocation.values():
        arms.setdefault(stratum, [0, 0])[arm != "active"] += 1
    return {stratum: (a, s) for stratum, (a, s) in arms.items()}


def _pairs(allocation: Allocation) -> Drawn:
    counts = _counts(allocation)
    broken = sum(count != (1, 1) for count in counts.values())
    if not broken:
        return Drawn()
    return Drawn(
        0.0,
        f"{broken} of {len(counts)} matched pairs do not have one clinic in each arm",
    )


def _constrained(allocation: Allocation, basis: Basis, rollout: Rollout) -> Drawn:
    uneven = sum(abs(a - s) > 1 for a, s in _counts(allocation).values())
    if uneven:
        return Drawn(
            0.0, f"{uneven} strata are not halved, as each allowed allocation does"
        )
    names = rollout.design.balances
    if rollout.constrained_set is None or any(
        name not in basis.get(unit, {}) for unit in allocation for name in names
    ):
        return Drawn(
            0.0, "what the clinics were balanced by is not in the record any more"
        )
    arms = np.array([[arm == "active" for arm, _ in allocation.values()]])
    table = [[float(basis[unit][name]) for name in names] for unit in allocation]
    score = float(imbalance(arms, table)[0])
    if score <= rollout.constrained_set.highest_score * (1 + 1e-9) + 1e-12:
        return Drawn()
    return Drawn(
        0.0,
        f"its imbalance is {score:.3g}, and up to "
        f"{rollout.constrained_set.highest_score:.3g} was allowed: the allocation is "
        "outside the constrained set",
    )


def _minimised(allocation: Allocation, basis: Basis, design: Design) -> Drawn:
    lost = sum(unit not in basis for unit in allocation)
    if lost:
        return Drawn(
            0.0, "what some patients were allocated by is not in the record any more"
        )
    fallen = coins(
        (
            {name: str(level) for name, level in basis[unit].items()},
            1 if arm == "active" else -1,
        )
        for unit, (arm, _) in allocation.items()
    )
    p_value = fallen.p_value(design.biased_coin)
    share = fallen.followed / fallen.biased if fallen.biased else 1.0
    said = (
        f"the arm that lagged was given {share:.0%} of the time where one did, and "
        f"{design.biased_coin:.0%} was meant"
    )
    return Drawn(p_value, said)


def _adapted(
    allocation: Allocation, basis: Basis, design: Design, epochs: tuple[Epoch, ...]
) -> Drawn:
    """Hold each epoch's arms against its chance, and the even share's against 1:1."""
    if not epochs:
        return Drawn(0.0, "the chances in force are not those that looks gave")
    in_force = {stratum_of(one.number): one.chance for one in epochs}
    groups: dict[tuple[str, str], list[int]] = {}
    for unit, (arm, stratum) in allocation.items():
        known = basis.get(unit, {})
        share = str(known.get("share", ""))
        meant = EVEN if share == "even" else in_force.get(stratum)
        if share not in ("even", "adaptive") or known.get("chance") != meant:
            return Drawn(
                0.0, "some patients were not allocated by the chances in force"
            )
        groups.setdefault((stratum, share), [0, 0])[arm != "active"] += 1
    tests = [
        arm_ratio(a, s, EVEN if share == "even" else in_force[stratum])
        for (stratum, share), (a, s) in groups.items()
    ]
    marked = sum(sum(n) for (_, share), n in groups.items() if share == "even")
    assert design.adaptation is not None
    others = len(allocation) - marked
    tests.append(arm_ratio(marked, others, design.adaptation.fixed_share))
    p_value = min(1.0, len(tests) * min(tests))
    said = (
        f"{marked / max(len(allocation), 1):.0%} were allocated evenly throughout, and "
        f"{design.adaptation.fixed_share:.0%} was meant"
    )
    return Drawn(p_value, said)
