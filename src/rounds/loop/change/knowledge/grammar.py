"""The closed grammar of a rule: conditions on named facts, for one person or many.

```
condition = {"all": [condition, …]} | {"any": [condition, …]} | {"not": condition}
          | {"fact": name, "op": "<" | "<=" | "==" | "!=" | ">=" | ">", "value": number}
          | {"fact": name, "op": "==" | "!=", "value": true | false}
```

A rule is silent for a person of whom any fact that it names is missing, whatever the
others say: it never guesses. NaN, an infinity, None and a value of the wrong type are
missing. One person (scalars) and many (arrays) get the same answer.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Condition", "parse"]

_LIMIT = 1e9
_DEPTH = 12
_SIZE = 200
_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Condition:
    """A checked condition.

    Parameters
    ----------
    facts : dict
        Name → `bool` or `float`: what the facts that it names have to be.
    """

    facts: Mapping[str, type]
    _holds: Callable[[Mapping[str, Any]], Any]

    def fires(self, context: Mapping[str, Any]) -> bool:
        """Say whether it holds for one person; False where a fact is missing."""
        for name, kind in self.facts.items():
            if not _is_present(context.get(name), kind):
                return False
        return bool(self._holds(context))

    def fires_each(self, columns: Mapping[str, np.ndarray], n: int) -> np.ndarray:
        """Say it for many: arrays of length n by fact; an absent column is missing.

        Returns
        -------
        array of bool, shape (n,)
        """
        if n == 1:
            one = {name: columns[name][0] for name in self.facts if name in columns}
            return np.array([self.fires(one)])
        present = np.ones(n, dtype=bool)
        safe: dict[str, np.ndarray] = {}
        for name, kind in self.facts.items():
            column = columns.get(name)
            if column is None:
                return np.zeros(n, dtype=bool)
            safe[name], known = _column(np.asarray(column), kind)
            present &= known
        held = np.broadcast_to(np.asarray(self._holds(safe), dtype=bool), n)
        present &= held
        return present


def parse(condition: Any) -> tuple[Condition | None, list[str]]:
    """Read a condition.

    Returns
    -------
    tuple
        The Condition, or None with all that is wrong with it.
    """
    parser = _Parser({}, [])
    holds = parser.condition(condition, "when", 0)
    if parser.problems or holds is None:
        return None, parser.problems
    return Condition(parser.facts, holds), []


Holds = Callable[[Mapping[str, Any]], Any]


@dataclass
class _Parser:
    facts: dict[str, type]
    problems: list[str]
    size: int = 0

    def condition(self, node: Any, where: str, depth: int) -> Holds | None:
        self.size += 1
        if depth > _DEPTH or self.size > _SIZE:
            return self._wrong(f"{where}: deeper than {_DEPTH} or larger than {_SIZE}")
        if not isinstance(node, Mapping):
            return self._wrong(f"{where}: a condition is an object")
        keys = set(node)
        if keys == {"not"}:
            inner = self.condition(node["not"], f"{where}.not", depth + 1)
            return inner and (lambda context: np.logical_not(inner(context)))
        if keys in ({"all"}, {"any"}):
            word = next(iter(keys))
            return self._several(node[word], word, f"{where}.{word}", depth + 1)
        if keys == {"fact", "op", "value"}:
            return self._comparison(node, where)
        return self._wrong(f"{where}: write all, any, not, or fact with op and value")

    def _several(self, items: Any, word: str, where: str, depth: int) -> Holds | None:
        if not isinstance(items, list | tuple) or not 0 < len(items) <= _SIZE:
            return self._wrong(f"{where}: a list of 1 to {_SIZE} conditions")
        parsed = [
            self.condition(item, f"{where}[{i}]", depth) for i, item in enumerate(items)
        ]
        parts = [part for part in parsed if part is not None]
        together = np.logical_and if word == "all" else np.logical_or

        def holds(context: Mapping[str, Any]) -> Any:
            result = parts[0](context)
            for part in parts[1:]:
                result = together(result, part(context))
            return result

        return holds

    def _comparison(self, node: Mapping[str, Any], where: str) -> Holds | None:
        name, word, value = node["fact"], node["op"], node["value"]
        kind = bool if isinstance(value, bool) else float
        if not isinstance(name, str) or not name:
            return self._wrong(f"{where}.fact: the name of a fact")
        if not isinstance(word, str) or word not in _ORDER:
            return self._wrong(f"{where}.op: one of {' '.join(_ORDER)}")
        if not _is_present(value, kind):
            return self._wrong(f"{where}.value: true, false or a number up to 1e9")
        if kind is bool and word not in ("==", "!="):
            return self._wrong(f"{where}.op: true and false are compared by == or !=")
        if self.facts.setdefault(name, kind) is not kind:
            return self._wrong(f"{where}.fact: {name} is a number here, elsewhere not")
        compare = _ORDER[word]
        return lambda context: compare(context[name], value)

    def _wrong(self, problem: str) -> Holds | None:
        if len(self.problems) < _SIZE:
            self.problems.append(problem)
        return None


def _is_present(value: Any, kind: type) -> bool:
    if kind is bool:
        return isinstance(value, bool | np.bool_)
    if isinstance(value, bool | np.bool_) or not isinstance(
        value, int | float | np.integer | np.floating
    ):
        return False
    number = float(value)
    return math.isfinite(number) and abs(number) <= _LIMIT


def _column(column: np.ndarray, kind: type) -> tuple[np.ndarray, np.ndarray]:
    if column.dtype.kind == "O":
        known = np.array([_is_present(value, kind) for value in column], dtype=bool)
        return np.where(known, column, False).astype(kind), known  # noqa: FBT003
    if kind is bool:
        known = np.full(len(column), column.dtype.kind == "b")
        return (column if known.all() else np.zeros(len(column), bool)), known
    if column.dtype.kind not in "iuf":
        return np.zeros(len(column)), np.zeros(len(column), dtype=bool)
    numbers = column.astype(float)
    known = np.isfinite(numbers) & (np.abs(numbers) <= _LIMIT)
    return np.where(known, numbers, 0.0), known
