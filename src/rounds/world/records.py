"""What has happened so far, as columns that only grow."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Records"]

Column = NDArray[Any]


class Records:
    """Append-only tables of equal-length columns.

    Examples
    --------
    >>> import numpy as np
    >>> records = Records()
    >>> records.append("visit", {"person": np.array([3, 4])})
    >>> records.append("visit", {"person": np.array([5])})
    >>> records.table("visit")["person"].tolist()
    [3, 4, 5]
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[Mapping[str, Column]]] = {}
        self._lengths: dict[str, int] = {}

    def __repr__(self) -> str:
        """Say only how many rows each table has."""
        inside = ", ".join(f"{k}: {n:,}" for k, n in sorted(self._lengths.items()))
        return f"<records: {inside}>"

    def append(self, name: str, columns: Mapping[str, Column]) -> None:
        """Add rows at the end of a table; an empty batch leaves it as it was."""
        n = len(next(iter(columns.values())))
        if n or name not in self._parts:
            self._parts.setdefault(name, []).append(columns)
        self._lengths[name] = self.length(name) + n

    def length(self, name: str) -> int:
        """Count the rows of a table."""
        return self._lengths.get(name, 0)

    def table(self, name: str) -> dict[str, Column]:
        """Give a table's columns, whole; empty when nothing was ever appended."""
        parts = self._parts.get(name, [])
        if not parts:
            return {}
        if len(parts) > 1:
            merged = {k: np.concatenate([part[k] for part in parts]) for k in parts[0]}
            self._parts[name] = parts = [merged]
        return dict(parts[0])

    def copy(self) -> "Records":
        """Give a copy that grows on its own; columns are shared, never changed."""
        twin = Records()
        twin._parts = {name: list(parts) for name, parts in self._parts.items()}
        twin._lengths = dict(self._lengths)
        return twin
