"""GRADE: rules propose two domains, a named reviewer confirms all five.

The rules are ours, written after the GRADE guidelines' criteria, which set no
thresholds for inconsistency; they propose and never decide.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from scipy.special import ndtri

from rounds.nouns import (
    Certainty,
    CertaintyDomain,
    DefinitionError,
    MetaAnalysis,
    NotEstimable,
    Source,
)

__all__ = ["DOMAINS", "optimal_information_size", "rate"]

Judged = Literal["not_serious", "serious", "very_serious"]
DOMAINS = (
    "risk_of_bias",
    "inconsistency",
    "indirectness",
    "imprecision",
    "publication_bias",
)
_STEPS = {"not_serious": 0, "serious": 1, "very_serious": 2}
_RATINGS: tuple[Literal["very low", "low", "moderate", "high"], ...] = (
    "very low",
    "low",
    "moderate",
    "high",
)


def rate(
    found: MetaAnalysis | NotEstimable,
    pooled: Sequence[Source],
    judgements: Sequence[Mapping[str, Any]],
    *,
    important: float,
) -> Certainty:
    """Rate the certainty of a pooled effect.

    Parameters
    ----------
    found : MetaAnalysis or NotEstimable
        What the sources say together.
    pooled : sequence of Source
        Those that were pooled.
    judgements : sequence of mapping
        Each with `domain`, `judgement` (not_serious, serious, very_serious), `reviewer`
        and `reason`.
    important : float
        Smallest difference that matters, in the effect's unit.

    Returns
    -------
    Certainty
        `not yet rated` until a named reviewer has confirmed each of the five domains.

    Raises
    ------
    DefinitionError
        If a judgement names no such domain, no reviewer, or a domain twice.

    References
    ----------
    .. [1] Guyatt GH, Oxman AD, Kunz R, et al. GRADE guidelines 7. Rating the quality
       of evidence: inconsistency. J Clin Epidemiol 2011;64:1294-1302 (abstract).
    .. [2] Guyatt GH, Oxman AD, Kunz R, et al. GRADE guidelines 6. Rating the quality
       of evidence: imprecision. J Clin Epidemiol 2011;64:1283-1293 (abstract).
    """
    confirmed = _confirmed(judgements)
    proposals = {
        "inconsistency": _inconsistency(found),
        "imprecision": _imprecision(found, important),
    }
    domains = []
    for name in DOMAINS:
        proposed, because = proposals.get(name, (None, "No rule: a reviewer judges."))
        said = confirmed.get(name, {})
        domains.append(
            CertaintyDomain(
                domain=name,
                proposed=proposed,
                proposed_because=because,
                confirmed=said.get("judgement"),
                reviewer=said.get("reviewer"),
                reason=said.get("reason", ""),
            )
        )
    randomised = all(source.design in {"randomised_trial", "turn"} for source in pooled)
    start: Literal["high", "low"] = "high" if randomised else "low"
    return Certainty(
        starts_at=start, rating=_rating(found, start, domains), domains=tuple(domains)
    )


def optimal_information_size(difference: float, risk: float = 0.5) -> int:
    """Give how many patients one trial needs to show a difference of two risks.

    Parameters
    ----------
    difference : float
        Difference in risk to be shown, above 0.
    risk : float
        Risk in both arms for the variance; one half asks for most.

    Returns
    -------
    int
        Patients in both arms together, at 80% power and a two-sided 5% level, patients
        taken as independent (clusters need more).

    Examples
    --------
    >>> optimal_information_size(0.05)
    3140
    """
    z = float(ndtri(0.975) + ndtri(0.8))
    arm = z**2 * 2 * risk * (1 - risk) / difference**2
    return 2 * int(-(-arm // 1))


def _confirmed(judgements: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    confirmed: dict[str, dict[str, Any]] = {}
    problems = []
    for said in judgements:
        domain = str(said.get("domain"))
        if domain not in DOMAINS:
            problems.append(
                f"{domain!r} is not a domain; they are {', '.join(DOMAINS)}"
            )
        elif domain in confirmed:
            problems.append(f"{domain} is judged twice")
        if said.get("judgement") not in get_args(Judged):
            problems.append(f"{domain}: {said.get('judgement')!r} is not a judgement")
        if not str(said.get("reviewer") or "").strip():
            problems.append(f"{domain}: no reviewer is named")
        confirmed[domain] = dict(said)
    if problems:
        raise DefinitionError(
            "The judgements of certainty are not valid:\n"
            + "\n".join(f" - {problem}" for problem in problems),
            code="invalid-judgement",
            why="A rating that nobody answers for is no rating.",
            remedies=("Name domain, judgement, reviewer and reason for each.",),
        )
    return confirmed


def _inconsistency(found: MetaAnalysis | NotEstimable) -> tuple[Judged | None, str]:
    if isinstance(found, NotEstimable):
        return None, "No rule: nothing was pooled."
    values = [study.value for study in found.studies]
    both_sides = min(values) < 0 < max(values)
    words = f"I² {found.i2:.0%}"
    prediction = found.prediction
    crosses = False
    if not isinstance(prediction, NotEstimable):
        crosses = _excludes_zero(found.pooled) and not _excludes_zero(prediction)
        words += f", prediction interval {_span(prediction)}"
    if found.i2 >= 0.75 and both_sides:
        return "very_serious", f"{words}; sources point in opposite directions."
    if found.i2 >= 0.5:
        return "serious", f"{words}: half of the variation or more is not chance."
    if crosses:
        return "serious", f"{words}: in a new setting there may be no effect."
    return "not_serious", f"{words}: less than half of the variation is beyond chance."


def _imprecision(
    found: MetaAnalysis | NotEstimable, important: float
) -> tuple[Judged | None, str]:
    if isinstance(found, NotEstimable):
        return None, "No rule: nothing was pooled."
    lower, upper = found.pooled.lower, found.pooled.upper
    assert lower is not None
    assert upper is not None
    words = f"Interval {_span(found.pooled)}"
    if lower < -important and upper > important:
        return "very_serious", f"{words} holds an important benefit and harm."
    if lower <= 0 <= upper:
        return "serious", f"{words} includes no effect."
    if found.pooled.scale != "risk_difference":
        return "not_serious", f"{words} excludes no effect."
    if min(abs(lower), abs(upper)) < important:
        return "serious", (
            f"{words} excludes no effect, and reaches from less than the "
            f"{100 * important:g} points that matter to more: a decision could differ "
            "between its ends."
        )
    needed, n = optimal_information_size(important), found.pooled.n
    if n is None:
        return "not_serious", f"{words}; the number of patients is not known."
    if n < needed:
        return "serious", f"{words}, but {n} patients where one trial needs {needed}."
    return "not_serious", f"{words}, from {n} patients (one trial needs {needed})."


def _span(estimate: Any) -> str:
    """Write an interval: in percentage points where it is of a risk difference."""
    lower, upper = estimate.lower, estimate.upper
    if estimate.scale == "risk_difference":
        return f"{100 * lower:+.1f} to {100 * upper:+.1f} points"
    return f"{lower:.3f} to {upper:.3f}"


def _excludes_zero(estimate: Any) -> bool:
    return bool(estimate.lower > 0 or estimate.upper < 0)


def _rating(
    found: MetaAnalysis | NotEstimable,
    start: Literal["high", "low"],
    domains: Sequence[CertaintyDomain],
) -> Literal["high", "moderate", "low", "very low", "not yet rated"]:
    judged = [domain.confirmed for domain in domains]
    if isinstance(found, NotEstimable) or None in judged:
        return "not yet rated"
    down = sum(_STEPS[one] for one in judged if one)
    return _RATINGS[max(0, _RATINGS.index(start) - down)]
