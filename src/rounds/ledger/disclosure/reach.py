"""Small counts in how far a change reached: persons, groups, cards and reasons."""

from collections.abc import Sequence

import numpy as np

from rounds.ledger.disclosure.cells import (
    HIDDEN,
    gives_back_a_count,
    hide_estimate,
    missing_counts,
)
from rounds.methods.disclosure import is_small, suppress
from rounds.nouns import EquityEffect, Estimate, GroupReach, NotEstimable, Reach

__all__ = ["safe_reach"]

Reasons = tuple[tuple[str, int | None], ...]


def safe_reach(
    reach: Reach, equity: tuple[EquityEffect, ...], *, by_patient: bool
) -> Reach:
    """Hide shares of persons, calls and cards; a share of clinics stays."""
    counted = ["reach", "fidelity", "acceptance"]
    if by_patient:
        counted.append("adoption")
    estimates = {name: hide_estimate(getattr(reach, name)) for name in counted}
    reasons = reach.override_reasons
    if gives_back_a_count(reach.acceptance):
        reasons = tuple((reason, None) for reason, _ in reasons)
    groups = _reached(reach, equity)
    told = {"override_reasons": _reasons(reasons), "by_group": groups}
    return reach.model_copy(update={**estimates, **told})


def _reached(reach: Reach, equity: tuple[EquityEffect, ...]) -> tuple[GroupReach, ...]:
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
    parts = [*counts, (whole[0] - n, whole[1] - k), whole]
    both = {each.group: each.n for each in equity}
    silent = [
        (both.get(group.group) or 0) - n
        for group, (n, _) in zip(groups, counts, strict=True)
        if group.group in both
    ]
    numbers = [number for d, k in parts for number in (d, k, d - k)]
    return not any(is_small(number) for number in (*numbers, *silent))


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
