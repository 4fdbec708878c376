"""Small counts in what a change cost, who took it up, and what is left of it."""

from dataclasses import dataclass

from rounds.ledger.disclosure.cells import (
    HIDDEN,
    coarse,
    hide_estimate,
    missing_counts,
    suppress_counted,
)
from rounds.ledger.disclosure.wording import safe_texts
from rounds.methods.disclosure.suppression import is_small
from rounds.nouns import (
    ClinicUptake,
    CostLine,
    Estimate,
    Maintained,
    Maintenance,
    NotEstimable,
    PhaseEffect,
    Uptake,
    Value,
    Waste,
)

__all__ = ["safe_maintenance", "safe_phases", "safe_uptake", "safe_value"]

Found = Estimate | NotEstimable
_KEPT = ("cost", "effect", "net_benefit", "cost_per_outcome")


def safe_value(
    value: Value | NotEstimable | None, *, rounded: bool, arms: tuple[int | None, ...]
) -> Value | NotEstimable | None:
    """Hide means that are small counts of an arm; round money made of hidden arms.

    Parameters
    ----------
    rounded : bool
        Whether an arm is hidden: then no line stays, and no more than three digits.
    arms : tuple of int or None
        How many are in the active and the silent arm.
    """
    if not isinstance(value, Value):
        return value
    shown = {name: _told(getattr(value, name), rounded=rounded) for name in _KEPT}
    curve = () if rounded else value.curve
    return value.model_copy(
        update={
            **shown,
            "curve": curve,
            "lines": tuple(_line(one, arms, rounded=rounded) for one in value.lines),
            "waste": tuple(_waste(one, rounded=rounded) for one in value.waste),
            "limitations": safe_texts(value.limitations),
        }
    )


def _told(estimate: Found, *, rounded: bool) -> Found:
    return coarse(estimate) if rounded else estimate


def _line(line: CostLine, arms: tuple[int | None, ...], *, rounded: bool) -> CostLine:
    means = (line.active, line.silent)
    fixed = means == (1.0, 0.0)
    few = any(
        mean is not None and size is not None and is_small(round(mean * size))
        for mean, size in zip(means, arms, strict=False)
    )
    if not (few or rounded) or (fixed and not rounded):
        return line
    hidden = {"active": None, "silent": None, "cost": None, "suppressed": True}
    return line.model_copy(update={**hidden, "difference": HIDDEN})


def _waste(waste: Waste, *, rounded: bool) -> Waste:
    quantity = waste.quantity
    count = 0.0
    if isinstance(quantity, Estimate) and quantity.scale == "mean":
        count = (quantity.value or 0.0) * (quantity.n or 0)
    if not rounded and not is_small(round(count)):
        return waste
    changed = {"quantity": HIDDEN, "cost": HIDDEN, "suppressed": True}
    return waste.model_copy(update=changed)


@dataclass(frozen=True)
class _Cards:
    denominator: int | None
    numerator: int | None


def safe_uptake(uptake: Uptake | None, acceptance: Found) -> Uptake | None:
    """Hide clinics whose cards are few; a share of clinics or clinicians stays.

    Parameters
    ----------
    acceptance : Estimate or NotEstimable
        Of all cards, from which a clinic's could be subtracted.
    """
    if uptake is None or not uptake.by_clinic:
        return uptake
    clinics = uptake.by_clinic
    cells = [_Cards(*_counts(one.accepted)) for one in clinics]
    whole = _counts(acceptance)
    found = suppress_counted(
        cells, whole if whole[0] else None, suppressed=[c.suppressed for c in clinics]
    )
    shown = tuple(
        _hidden(one) if hide else one
        for one, hide in zip(clinics, found.cells, strict=True)
    )
    return uptake.model_copy(update={"by_clinic": shown})


def _counts(share: Found) -> tuple[int, int]:
    found = None if isinstance(share, NotEstimable) else missing_counts(share)
    return found or (0, 0)


def _hidden(one: ClinicUptake) -> ClinicUptake:
    changed = {"accepted": HIDDEN, "adopted": None, "suppressed": True}
    return one.model_copy(update=changed)


def safe_phases(
    phases: tuple[PhaseEffect, ...], *, rounded: bool
) -> tuple[PhaseEffect, ...]:
    """Hide phases with few people or few cards, and then how many are in the others."""
    if any(
        hide_estimate(found) is not found
        for one in phases
        for found in (one.estimate, one.acceptance)
    ):
        phases = tuple(_without_n(one) for one in phases)
    return tuple(
        one.model_copy(
            update={
                "estimate": _told(hide_estimate(one.estimate), rounded=rounded),
                "acceptance": hide_estimate(one.acceptance),
            }
        )
        for one in phases
    )


def _without_n(one: PhaseEffect) -> PhaseEffect:
    kept = {
        name: found.model_copy(update={"n": None})
        for name in ("estimate", "acceptance")
        if isinstance(found := hide_estimate(getattr(one, name)), Estimate)
    }
    return one.model_copy(update={"acceptance": HIDDEN, "estimate": HIDDEN} | kept)


def safe_maintenance(found: Maintenance) -> Maintenance:
    """Hide rates that give a small count back, and what is made of them."""
    at = tuple(_maintained(one) for one in found.at)
    limitations = safe_texts(found.limitations)
    return found.model_copy(update={"at": at, "limitations": limitations})


def _maintained(one: Maintained) -> Maintained:
    names = ("rate", "delivered", "accepted")
    changed: dict[str, object] = {n: hide_estimate(getattr(one, n)) for n in names}
    if changed["rate"] is not one.rate:
        changed |= {"change": HIDDEN, "kept": HIDDEN, "suppressed": True}
    return one.model_copy(update=changed)
