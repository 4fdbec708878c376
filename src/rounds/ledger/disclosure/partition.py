"""Small counts in a VariancePartition: sites that share one total, on two measures."""

import numpy as np
from numpy.typing import NDArray

from rounds.ledger.disclosure.cells import (
    HIDDEN,
    coarse,
    hide_estimate,
    missing_counts,
    suppress_counted,
)
from rounds.ledger.disclosure.results import hide_unit
from rounds.ledger.disclosure.wording import safe_text, safe_texts
from rounds.nouns import (
    Estimate,
    LevelVariance,
    NotEstimable,
    Standing,
    UnitResult,
    VariancePartition,
)

__all__ = ["safe_partition"]

_DIGITS = 3
"""Of shrunken proportions: they rest on counts by age and sex that are not told."""

Told = Estimate | NotEstimable | None


def safe_partition(found: VariancePartition) -> VariancePartition:
    """Hide small sites of either measure, and what was made of them.

    No level tells how many patients it rests on, for those without a clinician are the
    rest. Who knows the code can try each count that a hidden site may have until the
    other numbers come out: where a site is hidden now, what was made of its measure's
    sites goes too. `rounds.loop.problem.explaining` makes it anew without them.
    """
    first, overall, now = _table([one.site for one in found.sites], found.overall)
    second, beside, then = _table(
        [one.balancing for one in found.sites], found.balancing_overall
    )
    sites = tuple(
        _standing(one, hide=bool(a), hide_balancing=bool(b), bare=now, bare_beside=then)
        for one, a, b in zip(found.sites, first, second, strict=True)
    )
    if now:
        sites = tuple(sorted(sites, key=lambda one: one.site.unit))
    changed: dict[str, object] = {
        "sites": sites,
        "overall": overall,
        "balancing_overall": beside,
        "levels": tuple(_level(one, withheld=now) for one in found.levels),
        "limitations": safe_texts(found.limitations),
    }
    if found.correlation is not None:
        changed["correlation"] = _aggregate(found.correlation, withheld=now or then)
    return found.model_copy(update=changed)


def _table(
    units: list[UnitResult | None], overall: Told
) -> tuple[NDArray[np.bool_], Told, bool]:
    """Say which units are hidden, what is left of their total, and whether it is new.

    Where every unit's counts are hidden already nothing is left to hide.
    """
    there = [unit for unit in units if unit is not None]
    places = [i for i, unit in enumerate(units) if unit is not None]
    total = None
    if isinstance(overall, Estimate) and overall.n:
        total = missing_counts(overall) or (overall.n, 0)
    before = [unit.suppressed for unit in there]
    mask = np.zeros(len(units), dtype=bool)
    if not there:
        return mask, _whole(overall), False
    found = suppress_counted(there, total, suppressed=before)
    mask[places] = found.cells
    if found.total and not any(before):
        # The sum of all units would be the total: none of them keeps its counts.
        mask[places] = True
    is_new = bool((mask[places] & ~np.array(before, dtype=bool)).any())
    return mask, HIDDEN if found.total else _whole(overall), is_new


def _whole(overall: Told) -> Told:
    return None if overall is None else hide_estimate(overall)


def _standing(
    one: Standing, *, hide: bool, hide_balancing: bool, bare: bool, bare_beside: bool
) -> Standing:
    beside = one.balancing
    if beside is not None:
        beside = hide_unit(beside) if hide_balancing else _unit(beside, bare_beside)
    if hide or bare:
        site = hide_unit(one.site) if hide else _unit(one.site, bare)
        return Standing(site=site, balancing=beside)
    return one.model_copy(update={"site": _unit(one.site, bare), "balancing": beside})


def _unit(unit: UnitResult, bare: bool) -> UnitResult:
    """Leave counts, and shrunken values with few digits, or without where made new."""
    values = {
        name: None if bare or number is None else round(number, _DIGITS)
        for name, number in (
            ("value", unit.value),
            ("lower", unit.lower),
            ("upper", unit.upper),
        )
    }
    return unit.model_copy(update=values)


def _level(one: LevelVariance, *, withheld: bool) -> LevelVariance:
    return one.model_copy(
        update={
            name: _aggregate(getattr(one, name), withheld=withheld)
            for name in ("share", "median_odds_ratio", "explained")
        }
    )


def _aggregate(told: Told, *, withheld: bool) -> Told:
    if told is None or told == HIDDEN:
        return told
    if isinstance(told, NotEstimable):
        return NotEstimable(reason=safe_text(told.reason))
    if withheld:
        return HIDDEN
    rough = coarse(told)
    assert isinstance(rough, Estimate)
    return rough.model_copy(update={"n": None})
