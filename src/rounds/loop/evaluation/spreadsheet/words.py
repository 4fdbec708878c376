"""What a trial says: every number for machines, two sentences for people."""

from dataclasses import asdict
from typing import Any

from rounds.loop.evaluation.spreadsheet.analysing import Analysed
from rounds.loop.evaluation.spreadsheet.models import METHOD_WORDS
from rounds.loop.evaluation.spreadsheet.summaries import (
    SUMMARIES,
    is_ratio,
    is_share,
)

__all__ = ["as_numbers", "sentences", "written"]


def as_numbers(found: Analysed) -> dict[str, Any]:
    """Give all of it, under the names that `--json` prints."""
    fit = found.fit
    return {
        "design": found.design,
        "method": found.method,
        "method_words": METHOD_WORDS[found.method],
        "scale": found.scale,
        "level": found.level,
        "estimate": fit.estimate if fit else None,
        "lower": fit.lower if fit else None,
        "upper": fit.upper if fit else None,
        "p_value": fit.p_value if fit else None,
        "df": fit.df if fit else None,
        "icc": fit.icc if fit else None,
        "n_allocations": fit.n_allocations if fit else None,
        "details": dict(fit.details) if fit else {},
        "n": sum(arm.n_known for arm in found.arms),
        "hypothesis": found.claim.hypothesis if found.claim else None,
        "margin": found.claim.margin if found.claim else None,
        "better": found.claim.better if found.claim else None,
        "judgement": asdict(found.judgement) if found.judgement else None,
        "arms": [asdict(arm) for arm in found.arms],
        "sealed": found.sealed,
        "not_estimable": found.not_estimable,
        "diagnostics": [
            {
                "name": one.name,
                "question": one.question,
                "verdict": one.verdict,
                "required": one.required,
                "value": one.value,
                "threshold": one.threshold,
                "detail": one.detail,
            }
            for one in found.diagnostics
        ],
        "limitations": list(found.limitations),
        "sentences": list(sentences(found)),
    }


def sentences(found: Analysed) -> tuple[str, ...]:
    """Say in two sentences what the trial shows, and what it does not.

    A third says whether what was to be shown against a margin is.
    """
    if found.sealed:
        return (
            "No effect is told, because a check that was required did not pass.",
            found.sealed,
        )
    if found.fit is None:
        return (
            "The effect cannot be told from these data.",
            f"The reason: {found.not_estimable}.",
        )
    first = (
        f"{found.fit.lead or _means(found)}; "
        f"{_allowing(found)}{_named(found)} is {written(found, found.fit.estimate)} "
        f"({found.level:.0%} interval {written(found, found.fit.lower)} to "
        f"{written(found, found.fit.upper)})."
    )
    none = 1.0 if is_ratio(found.scale) else 0.0
    if found.fit.lower <= none <= found.fit.upper:
        second = (
            "The interval holds no effect at all too, so these data do not tell "
            "whether there is one; that is not to say that there is none."
        )
    else:
        second = (
            "Had exposure made no difference, an estimate as far from it as this "
            f"would come in {_chance(found.fit.p_value)} such trials."
        )
    return (first, second, *_verdict(found))


def _verdict(found: Analysed) -> tuple[str, ...]:
    """Say what the interval says against the margin, and no more."""
    claim, judgement = found.claim, found.judgement
    if claim is None or judgement is None:
        return ()
    bounds = [
        f"{side} {written(found, bound)}"
        for side, bound in (
            ("above", judgement.lower_bound),
            ("below", judgement.upper_bound),
        )
        if bound is not None
    ]
    where = " and ".join(bounds)
    levels = (
        f"({judgement.one_sided_level:.2%} one-sided"
        f"{', twice' * (claim.hypothesis == 'equivalence')}; the interval is of "
        f"{found.level:.0%}, two-sided)"
    )
    name = claim.hypothesis[0].upper() + claim.hypothesis[1:]
    if judgement.verdict == "shown":
        return (f"{name} is shown: the whole interval lies {where} {levels}.",)
    if judgement.verdict == "contrary_shown":
        name = f"The contrary of {claim.hypothesis}"
        return (f"{name} is shown: no part of the interval lies {where} {levels}.",)
    said = (
        f"{name} is not shown: not all of the interval lies {where} {levels}; that is "
        "not to say that the contrary is so."
    )
    return (said,)


def _in_points(found: Analysed) -> bool:
    return is_share(found.scale, is_binary=found.is_binary)


def written(found: Analysed, value: float) -> str:
    """Write a value on the effect's scale: points, the outcome's unit, or a ratio."""
    if is_ratio(found.scale):
        return f"{value:.2f}"
    return f"{100 * value:+.1f} points" if _in_points(found) else f"{value:+.3g}"


def _means(found: Analysed) -> str:
    one, other = found.arms
    means = [_level(found, arm.mean) for arm in (other, one)]
    what = "had the outcome" if found.is_binary else "was the mean"
    return f"In the arm {other.label!r} {means[0]} {what}, in {one.label!r} {means[1]}"


def _allowing(found: Analysed) -> str:
    """Say that the effect is not that of the two levels named before it."""
    if not found.allowed_for:
        return ""
    return f"allowing for {' and '.join(found.allowed_for)}, "


def _named(found: Analysed) -> str:
    if found.scale in SUMMARIES:
        return SUMMARIES[found.scale].named
    if found.scale == "difference":
        return "the difference"
    return "the risk ratio" if found.scale == "risk-ratio" else "the odds ratio"


def _level(found: Analysed, mean: float | None) -> str:
    assert mean is not None
    return f"{mean:.1%}" if found.is_binary else f"{mean:.3g}"


def _chance(p_value: float) -> str:
    if p_value < 0.001:
        return "fewer than 1 in 1,000"
    return f"about {1000 * p_value:.0f} in 1,000"
