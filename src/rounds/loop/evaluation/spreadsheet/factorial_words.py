"""What a factorial trial says: every number for machines, sentences for people."""

import math
from dataclasses import asdict
from typing import Any

from rounds.loop.evaluation.spreadsheet.factorial import FactorialFound
from rounds.loop.evaluation.spreadsheet.models import METHOD_WORDS
from rounds.loop.evaluation.spreadsheet.question import Fit
from rounds.loop.evaluation.spreadsheet.summaries import is_ratio, is_share

__all__ = ["factorial_numbers", "factorial_rows", "factorial_sentences"]

_NAMED = {
    "difference": "the difference",
    "risk-ratio": "the risk ratio",
    "odds-ratio": "the odds ratio",
}
_FITS = ("first", "second", "interaction", "first_alone", "second_alone", "both")


def factorial_numbers(found: FactorialFound) -> dict[str, Any]:
    """Give all of it, under the names that `--json` prints."""
    table = found.table
    margin = found.rule.margin
    return {
        "design": "factorial",
        "factors": list(found.names),
        "labels": [list(one) for one in found.labels],
        "method": found.method,
        "method_words": METHOD_WORDS[found.method],
        "scale": found.scale,
        "level": found.level,
        **{
            name: _numbers(None if table is None else getattr(table, name))
            for name in _FITS
        },
        "reading": found.reading,
        "reason": found.reason,
        "interaction_margin": math.exp(margin)
        if margin is not None and is_ratio(found.scale)
        else margin,
        "interaction_alpha": found.rule.alpha,
        "multiplicity": found.multiplicity,
        "adjusted_p": found.adjusted_p,
        "cells": [asdict(cell) for cell in found.cells],
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
        "sentences": list(factorial_sentences(found)),
    }


def factorial_rows(found: FactorialFound) -> list[tuple[str, ...]]:
    """Give what was estimated as rows: what, effect, interval, p."""
    if found.table is None:
        return []
    table, (one, other) = found.table, found.names
    named = {
        f"{one}, at the margins": table.first,
        f"{other}, at the margins": table.second,
        "interaction": table.interaction,
        f"{one} alone": table.first_alone,
        f"{other} alone": table.second_alone,
        "both": table.both,
    }
    return [
        (name, "withheld", "", "")
        if fit is None
        else (
            name,
            _written(found, fit.estimate),
            f"{_written(found, fit.lower)} to {_written(found, fit.upper)}",
            f"{fit.p_value:.3f}" if fit.p_value >= 0.001 else "<0.001",
        )
        for name, fit in named.items()
    ]


def factorial_sentences(found: FactorialFound) -> tuple[str, ...]:
    """Say what each factor does, what the two do together, and what may be read."""
    if found.sealed:
        return (
            "No effect is told, because a check that was required did not pass.",
            found.sealed,
        )
    if found.table is None:
        return (
            "The effects cannot be told from these data.",
            f"The reason: {found.not_estimable}.",
        )
    said = _of_interaction(found, found.table.interaction)
    margins = found.table.margins
    if margins is None:
        table = (
            "What each factor does goes with the arm of the other, so no effect at the "
            "margins is told: read the table. Nothing is claimed of its cells, for "
            "those who look there because the two interact find too much."
        )
        return (said, table)
    each = [_at_margin(found, place, fit) for place, fit in enumerate(margins)]
    return (*each, said, _of_multiplicity(found))


def _at_margin(found: FactorialFound, place: int, fit: Fit) -> str:
    name, other = found.names[place], found.names[1 - place]
    control, active = found.labels[place]
    none = 1.0 if is_ratio(found.scale) else 0.0
    holds = (
        "; the interval holds no effect at all too"
        if fit.lower <= none <= fit.upper
        else ""
    )
    return (
        f"{name}, at the margins: over both arms of {other}, {_NAMED[found.scale]} of "
        f"{active!r} from {control!r} is {_written(found, fit.estimate)} "
        f"({found.level:.0%} interval {_written(found, fit.lower)} to "
        f"{_written(found, fit.upper)}){holds}."
    )


def _of_interaction(found: FactorialFound, fit: Fit) -> str:
    than = "the product of their ratios" if is_ratio(found.scale) else "their sum"
    first = (
        f"Interaction: both together differ from {than} by "
        f"{_written(found, fit.estimate)} ({found.level:.0%} interval "
        f"{_written(found, fit.lower)} to {_written(found, fit.upper)}, p = "
        f"{fit.p_value:.3f}); {found.reason}"
    )
    margin = found.rule.margin
    if found.reading != "margins" or margin is None:
        return first + "."
    ends = (fit.lower, fit.upper)
    if is_ratio(found.scale):
        ends = (math.log(fit.lower), math.log(fit.upper))
    if max(map(abs, ends)) <= margin:
        return first + ", and the whole interval lies within the margin."
    return first + ", yet an interaction beyond the margin is not ruled out."


def _of_multiplicity(found: FactorialFound) -> str:
    if found.adjusted_p is None or found.multiplicity is None:
        return (
            "Two factors are two questions: each is judged by itself, and two factors "
            "that do nothing look as if one did in about 1 of "
            f"{1 / (1 - found.level**2):.0f} such trials."
        )
    p_values = [
        f"{name} p = {p:.3f}"
        for name, p in zip(found.names, found.adjusted_p, strict=True)
    ]
    return f"Judged together ({found.multiplicity}): {' and '.join(p_values)}."


def _numbers(fit: Fit | None) -> dict[str, float | None] | None:
    if fit is None:
        return None
    names = ("estimate", "lower", "upper", "p_value", "se", "df")
    return {name: getattr(fit, name) for name in names}


def _written(found: FactorialFound, value: float) -> str:
    if is_ratio(found.scale):
        return f"{value:.2f}"
    if is_share(found.scale, is_binary=found.is_binary):
        return f"{100 * value:+.1f} points"
    return f"{value:+.3g}"
