"""Small counts in an Alert, and in the path that led to it."""

import math
from collections.abc import Sequence

from rounds.ledger.disclosure.equity import without_counts
from rounds.ledger.disclosure.wording import safe_text, safe_texts
from rounds.methods.disclosure.suppression import is_small
from rounds.nouns import Alert, PathPoint

__all__ = ["safe_alert"]

_DIGITS = 2
_STEPS = 4
"""Of the path, up to its limit: a step is worth several patients."""


def safe_alert(alert: Alert) -> Alert:
    """Leave a signal without its counts: months of one site share people with others.

    Proportions keep two decimals, and go too where a count behind them is small. The
    path is told at the ends of months that have enough patients together, in quarters.
    """
    level = None if alert.level is None else round(alert.level, _DIGITS)
    return alert.model_copy(
        update={
            "seen": without_counts(alert.seen),
            "level": level,
            "path": tuple(_told(one) for one in _together(alert.path)),
            "answer": safe_text(alert.answer),
            "limitations": safe_texts(alert.limitations),
        }
    )


def _told(point: PathPoint) -> PathPoint:
    """Round down to a quarter of the limit; beyond it nobody learns how far."""
    share = min(math.floor(point.share * _STEPS + 1e-9) / _STEPS, 1.0)
    return PathPoint(since=point.since, month=point.month, share=share)


def _together(path: Sequence[PathPoint]) -> list[PathPoint]:
    """Put months together until no count of them is small; none if they never are.

    The last months, should they be too few alone, go with those before them, since the
    path ends in the month of the signal, which is told anyway.
    """
    done: list[PathPoint] = []
    for point in path:
        if point.denominator is None:
            done.append(point)  # Told before: its counts are gone.
        elif done and _is_small(done[-1]):
            done[-1] = _joined(done[-1], point)
        else:
            done.append(point)
    if len(done) > 1 and _is_small(done[-1]):
        last = done.pop()
        done[-1] = _joined(done[-1], last)
    return [] if any(_is_small(one) for one in done) else done


def _joined(first: PathPoint, second: PathPoint) -> PathPoint:
    return second.model_copy(
        update={
            "since": first.since,
            "denominator": (first.denominator or 0) + (second.denominator or 0),
            "numerator": (first.numerator or 0) + (second.numerator or 0),
        }
    )


def _is_small(point: PathPoint) -> bool:
    n, x = point.denominator or 0, point.numerator or 0
    return any(is_small(count) for count in (n, x, n - x))
