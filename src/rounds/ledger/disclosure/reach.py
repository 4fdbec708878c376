"""Small counts in how far a change reached: persons, groups, cards and reasons."""

from collections.abc import Sequence

import numpy as np

from rounds.ledger.disclosure.cells import (
    HIDDEN,
    gives_back_a_count,
    hide_estimate,
    missing_counts,
)
from rounds.ledger.disclosure.value import safe_uptake
from rounds.methods.disclosure.suppression import is_small, suppress
from rounds.nouns import EquityEffect, Estimate, GroupReach, NotEstimable, Reach

__all__ = ["safe_reach"]

Reasons = tuple[tuple[str, int | None], ...]


def safe_reach(
    reach: Reach,
    equity: tuple[EquityEffect, ...],
    *,
    by_patient: bool,
    people: int | None = None,
) -> Reach:
    """Hide shares of persons, calls and cards; a share of clinics stays.

    Parameters
    ----------
    equity : tuple of EquityEffect
        As they are shown: their counts stand beside those of groups reached.
    by_patient : bool
        Whether the units of adoption are persons.
    people : int, optional
        Where visits were randomised, whose those of the active arm are, as it is
        shown; None where that is hidden.
    """
    counted = ["reach", "fidelity", "acceptance"]
    if by_patient:
        counted.append("adoption")
    estimates = {name: hide_estimate(getattr(reach, name)) for name in counted}
    reasons = reach.override_reasons
    if gives_back_a_count(reach.acceptance):
        reasons = tuple((reason, None) for reason, _ in reasons)
    groups = _reached(reach, equity, people)
    told = {
        "override_reasons": _reasons(reasons),
        "by_group": groups,
        "uptake": safe_uptake(reach.uptake, reach.acceptance),
    }
    return reach.model_copy(update={**estimates, **told})


def _reached(
    reach: Reach, equity: tuple[EquityEffect, ...], people: int | None
) -> tuple[GroupReach, ...]:
    """Hide all groups of a characteristic if any small count could be worked out.

    Those enrolled in both arms are told beside them, so that the silent arm's is known
    by subtraction; and groups add up to everybody, but for those of no known group.
    """
    hidden = {
        name
        for name in {each.characteristic for each in reach.by_group}
        if not _may_be_told(
            [each for each in reach.by_group if each.characteristic == name],
            [each for each in equity if each.characteristic == name],
            reach.reach,
            people,
        )
    }
    return tuple(
        each.model_copy(update={"share": HIDDEN, "suppressed": True})
        if each.characteristic in hidden
        else each
        for each in reach.by_group
    )


def _may_be_told(
    groups: Sequence[GroupReach],
    equity: Sequence[EquityEffect],
    everybody: Estimate | NotEstimable,
    people: int | None,
) -> bool:
    hidden = [each.suppressed for each in groups]
    if any(hidden) or any(each.suppressed for each in equity):
        return False
    whole = _counts_of(everybody)
    known = [_counts_of(each.share) for each in groups]
    counts = [each for each in known if each is not None]
    if whole is None or len(counts) < len(groups):
        return False
    n, k = (sum(part) for part in zip(*counts, strict=True))
    parts = [*counts, whole]
    rest: list[int] = []
    if any(each.persons is not None for each in equity):
        # The whole is of visits, the groups of their people: of these, the rest is.
        if people is None:
            return False
        rest = [people - n]
    else:
        parts.append((whole[0] - n, whole[1] - k))
    both = {
        each.group: each.n if each.persons is None else each.persons for each in equity
    }
    silent = [
        (both.get(group.group) or 0) - n
        for group, (n, _) in zip(groups, counts, strict=True)
        if group.group in both
    ]
    numbers = [number for d, k in parts for number in (d, k, d - k)]
    return not any(is_small(number) for number in (*numbers, *rest, *silent))


def _counts_of(share: Estimate | NotEstimable) -> tuple[int, int] | None:
    """Give persons and those reached; nobody where there is nobody to count."""
    return (0, 0) if isinstance(share, NotEstimable) else missing_counts(share)


def _reasons(reasons: Reasons) -> Reasons:
    if any(count is None for _, count in reasons):
        return reasons
    counts = np.array([count for _, count in reasons], dtype=np.int64)
    found = suppress(counts)
    return tuple(
        (reason, None if hide else count)
        for (reason, count), hide in zip(reasons, found.cells, strict=True)
    )
