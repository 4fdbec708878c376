"""Differences between several pairs of worlds, averaged leaf by leaf."""

from typing import Any

__all__ = ["averaged"]


def averaged(told: list[dict[str, Any]]) -> dict[str, Any]:
    """Give dictionaries of one shape as one: numbers averaged, all else of the first.

    Counts that differ between the pairs are averaged too; None where one has none.

    Examples
    --------
    >>> averaged([{"n": 3, "of": {"x": 0.2}}, {"n": 3, "of": {"x": 0.4}}])["of"]["x"]
    0.30000000000000004
    """
    if len(told) == 1:
        return told[0]
    return {key: _leaf([one[key] for one in told]) for key in told[0]}


def _leaf(values: list[Any]) -> Any:
    if isinstance(values[0], dict):
        return averaged(values)
    if any(value is None for value in values):
        return None
    if isinstance(values[0], float):
        return sum(values) / len(values)
    return values[0]
