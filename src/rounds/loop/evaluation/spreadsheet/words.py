"""What a trial says: every number for machines, two sentences for people."""

from dataclasses import asdict
from typing import Any

from rounds.loop.evaluation.spreadsheet.analysing import Analysed
from rounds.loop.evaluation.spreadsheet.models import METHOD_WORDS

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
        "n": sum(arm.n_known for arm in found.arms),
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


def sentences(found: Analysed) -> tuple[str, str]:
    """Say in two sentences what the trial shows, and what it does not."""
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
    one, other = found.arms
    means = [_level(found, arm.mean) for arm in (other, one)]
    what = "had the outcome" if found.is_binary else "was the mean"
    first = (
        f"In the arm {other.label!r} {means[0]} {what}, in {one.label!r} {means[1]}; "
        f"{_allowing(found)}{_named(found)} is {written(found, found.fit.estimate)} "
        f"({found.level:.0%} interval {written(found, found.fit.lower)} to "
        f"{written(found, found.fit.upper)})."
    )
    none = 0.0 if found.scale == "difference" else 1.0
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
    return first, second


def written(found: Analysed, value: float) -> str:
    """Write a value on the effect's scale: points, the outcome's unit, or a ratio."""
    if found.scale != "difference":
        return f"{value:.2f}"
    return f"{100 * value:+.1f} points" if found.is_binary else f"{value:+.3g}"


def _allowing(found: Analysed) -> str:
    """Say that the effect is not that of the two levels named before it."""
    if not found.allowed_for:
        return ""
    return f"allowing for {' and '.join(found.allowed_for)}, "


def _named(found: Analysed) -> str:
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
