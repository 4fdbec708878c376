"""What may be told of single sites while a trial runs among them."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from rounds.nouns import (
    CaseMix,
    Diagnoses,
    ModelFit,
    Noun,
    OpportunityList,
    Problem,
    UnitResult,
    VariancePartition,
    Variation,
)

__all__ = ["in_order_of_values", "without_sites"]

AnyNoun = TypeVar("AnyNoun", bound=Noun)

_SAID = "Sites are not listed while a trial runs among them."
_NUMBERED = (
    "Sites are numbered in the order of their values, and not named, since a trial "
    "ran among them."
)


def without_sites(noun: AnyNoun) -> AnyNoun:
    """Take away what tells which site a number is of.

    A problem's sites are numbered in the order of their values, as they are wherever a
    measure is shown; a list of opportunities keeps the lines of all sites together; a
    variance partition keeps its levels. Other nouns name no site, or are kept back
    whole (`rounds.web.stories.is_kept_back`).

    Parameters
    ----------
    noun : Noun
        Safe already.
    """
    if isinstance(noun, Problem):
        return noun.model_copy(update=_of_problem(noun))
    if isinstance(noun, OpportunityList):
        lines = tuple(line for line in noun.lines if line.unit is None)
        if lines != noun.lines:
            said = tuple(dict.fromkeys((*noun.limitations, _SAID)))
            return noun.model_copy(update={"lines": lines, "limitations": said})
    if isinstance(noun, VariancePartition) and noun.sites:
        said = tuple(dict.fromkeys((*noun.limitations, _SAID)))
        return noun.model_copy(update={"sites": (), "limitations": said})
    return noun


def _of_problem(problem: Problem) -> dict[str, object]:
    units = in_order_of_values(problem.units)
    numbered = {unit.unit: f"site {n}" for n, unit in enumerate(units, start=1)}
    changed: dict[str, object] = {
        "units": tuple(
            unit.model_copy(update={"unit": numbered[unit.unit]}) for unit in units
        ),
        "limitations": tuple(dict.fromkeys((*problem.limitations, _NUMBERED))),
    }
    for name in ("variation", "case_mix"):
        found = getattr(problem, name)
        if isinstance(found, Variation | CaseMix):
            changed[name] = found.model_copy(update=_sides(found, numbered))
    found = problem.case_mix
    if isinstance(found, CaseMix) and isinstance(found.diagnoses, Diagnoses):
        fits = {
            name: fit.model_copy(update=_sides(fit, numbered))
            for name in ("before", "after")
            if (fit := getattr(found.diagnoses, name)) is not None
        }
        adjusted = {
            **_sides(found, numbered),
            "diagnoses": found.diagnoses.model_copy(update=fits),
        }
        changed["case_mix"] = found.model_copy(update=adjusted)
    return changed


def _sides(
    found: Variation | CaseMix | ModelFit, numbered: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Give the numbers of the sites that are named on each side."""
    return {
        side: tuple(
            number for unit, number in numbered.items() if unit in getattr(found, side)
        )
        for side in ("outliers_low", "outliers_high")
    }


def in_order_of_values(units: Iterable[UnitResult]) -> list[UnitResult]:
    """Order units so that a place says no more than the numbers: hidden ones last."""
    return sorted(
        units, key=lambda u: (u.value is None, u.value or 0.0, u.denominator or 0)
    )
