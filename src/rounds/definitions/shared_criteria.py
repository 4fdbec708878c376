"""Criteria that several measures share: `{use: name}` in a measure's file.

A file of `criteria/` names a criterion and the concept sets that it needs. Where a
measure uses it, the criterion stands in its place once the file is read: a measure that
has been read holds no names of others' clauses.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["SharedCriteria", "UnknownCriterionError", "with_shared"]

SharedCriteria = Mapping[str, Mapping[str, Any]]
"""By name: `concept_sets` (a list of names) and `criterion`."""


class UnknownCriterionError(Exception):
    """A file uses a shared criterion that does not exist."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


def with_shared(plain: Mapping[str, Any], shared: SharedCriteria) -> dict[str, Any]:
    """Put shared criteria in the place of their names.

    Parameters
    ----------
    plain : mapping
        A measure as its file has it.
    shared : mapping
        The shared criteria by name.

    Returns
    -------
    dict
        The measure without names of shared criteria. The concept sets that they need
        follow those that the file names.

    Raises
    ------
    UnknownCriterionError
        If a name is not among the shared criteria, or a criterion uses itself.
    """
    needed: dict[str, None] = {}
    for name in _used(plain, shared, ()):
        needed.update(dict.fromkeys(shared[name].get("concept_sets") or ()))
    whole: dict[str, Any] = _replaced(plain, shared)
    own = list(whole.get("concept_sets") or ())
    named = {one if isinstance(one, str) else one.get("name") for one in own}
    if needed:
        whole["concept_sets"] = [*own, *(one for one in needed if one not in named)]
    return whole


def _name(plain: Any) -> str | None:
    if isinstance(plain, Mapping) and set(plain) == {"use"}:
        return str(plain["use"])
    return None


def _used(plain: Any, shared: SharedCriteria, within: tuple[str, ...]) -> Iterator[str]:
    name = _name(plain)
    if name is not None:
        if name not in shared or name in within:
            raise UnknownCriterionError(name, tuple(sorted(shared)))
        yield name
        yield from _used(shared[name]["criterion"], shared, (*within, name))
        return
    values: Any = ()
    if isinstance(plain, Mapping):
        values = plain.values()
    elif isinstance(plain, list):
        values = plain
    for value in values:
        yield from _used(value, shared, within)


def _replaced(plain: Any, shared: SharedCriteria) -> Any:
    name = _name(plain)
    if name is not None:
        return _replaced(copy.deepcopy(shared[name]["criterion"]), shared)
    if isinstance(plain, Mapping):
        return {field: _replaced(value, shared) for field, value in plain.items()}
    if isinstance(plain, list):
        return [_replaced(value, shared) for value in plain]
    return plain
