"""Value sets, expanded: which codes belong to each.

An expansion that is complete is taken as it is; otherwise the definition (`compose`) is
followed: codes that are listed, other value sets by name, and what the vocabulary can
answer: a whole code system, and the filters `is-a` and `descendent-of`. Whatever else a
definition asks for leaves that value set out, by name.

References
----------
HL7 FHIR R4, ValueSet, 4.8.6 and 4.8.8. https://hl7.org/fhir/R4/valueset.html
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import duckdb

from rounds.datamart.vocabulary.fhir_terms import Resource, canonical
from rounds.definitions import contained, is_paged, vocabulary_of

__all__ = ["Coded", "Expansion", "expand_all"]

_BELOW: Final = {"is-a": True, "descendent-of": False}


class Coded(NamedTuple):
    """A code of a system."""

    system: str
    code: str


class _CannotExpandError(Exception):
    """Why a value set cannot be expanded here; never leaves this module."""


class Expansion(NamedTuple):
    """The value sets that could be expanded, and why the others could not."""

    rows: list[tuple[str, str, str, str, str, str | None]]
    """url, version, name, system, code, display."""
    refused: list[tuple[str, str]]
    """Canonical name, and why."""


def expand_all(
    connection: duckdb.DuckDBPyConnection, value_sets: tuple[Resource, ...]
) -> Expansion:
    """Expand value sets.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Of the vocabulary that is made; its OHDSI tables are filled, if there are any.
    value_sets : tuple of dict
        The resources.

    Returns
    -------
    Expansion
        Rows in the order of the resources.
    """
    work = _Expander(connection, value_sets)
    rows: list[tuple[str, str, str, str, str, str | None]] = []
    refused = []
    for one in value_sets:
        name = canonical(one)
        try:
            codes = work.codes(name)
        except _CannotExpandError as error:
            refused.append((name, str(error)))
            continue
        shown = one.get("title") or one.get("name") or one["url"]
        rows += [
            (one["url"], one.get("version") or "", shown, *code, display)
            for code, display in sorted(codes.items())
        ]
    return Expansion(rows, refused)


class _Expander:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, value_sets: tuple[Resource, ...]
    ) -> None:
        self._connection = connection
        self._known = {canonical(one): one for one in value_sets}
        self._done: dict[str, Mapping[Coded, str | None]] = {}
        self._open: set[str] = set()

    def codes(self, name: str) -> Mapping[Coded, str | None]:
        """Give the codes of a value set by its canonical name, or why not."""
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise _CannotExpandError(f"it imports itself through {name}")
        resource = self._find(name)
        self._open.add(name)
        try:
            self._done[name] = self._expand(resource)
        finally:
            self._open.discard(name)
        return self._done[name]

    def _find(self, name: str) -> Resource:
        """Find a value set; without a version, the latest that is here."""
        versions = [one for one in self._known if one.split("|")[0] == name]
        if name in self._known or versions:
            return self._known[name if name in self._known else max(versions)]
        raise _CannotExpandError(f"it imports the value set {name}, which is not here")

    def _expand(self, resource: Resource) -> Mapping[Coded, str | None]:
        expansion = resource.get("expansion")
        compose = resource.get("compose")
        if isinstance(expansion, dict):
            listed: Mapping[Coded, str | None] = {
                Coded(system, code): display
                for system, code, display in contained(expansion)
            }
            paged = is_paged(expansion)
            if listed and not paged:
                return listed
            if paged and compose is None:
                raise _CannotExpandError("its expansion is one page of several")
        if not isinstance(compose, dict):
            raise _CannotExpandError("it has neither a definition nor an expansion")
        codes: dict[Coded, str | None] = {}
        for part in compose.get("include") or ():
            codes |= self._part(part)
        for part in compose.get("exclude") or ():
            for code in self._part(part):
                codes.pop(code, None)
        return codes

    def _part(self, part: dict[str, Any]) -> dict[Coded, str | None]:
        """Give the codes of one include or exclude: all that it says must hold."""
        kept = [self._imported(name) for name in part.get("valueSet") or ()]
        system = part.get("system")
        if part.get("concept"):
            kept.append(
                {
                    Coded(str(system or ""), one["code"]): one.get("display")
                    for one in part["concept"]
                }
            )
        elif system is not None:
            kept += self._filtered(system, part.get("filter") or ())
        if not kept:
            raise _CannotExpandError("a part of it names no system and no value set")
        first, *others = kept
        return {
            code: display
            for code, display in first.items()
            if all(code in other for other in others)
        }

    def _imported(self, name: str) -> Mapping[Coded, str | None]:
        try:
            return self.codes(name)
        except _CannotExpandError as error:
            if name in self._open or "imports" in str(error):
                raise
            raise _CannotExpandError(f"it imports {name}, and that: {error}") from None

    def _filtered(self, system: str, filters: Any) -> list[Mapping[Coded, str | None]]:
        if not filters:
            return [self._system(system)]
        found: list[Mapping[Coded, str | None]] = []
        for one in filters:
            what, how = one.get("property"), one.get("op")
            if what != "concept" or how not in _BELOW:
                raise _CannotExpandError(f"it asks for the filter {what} {how}")
            found.append(self._below(system, one["value"], itself=_BELOW[how]))
        return found

    def _system(self, system: str) -> Mapping[Coded, str | None]:
        rows = self._connection.execute(
            "SELECT concept_code, concept_name FROM concept WHERE vocabulary_id = ? "
            "AND invalid_reason IS NULL",
            [vocabulary_of(system)],
        ).fetchall()
        if not rows:
            raise _CannotExpandError(
                f"it asks for all of {system}, which no vocabulary here holds"
            )
        return {Coded(system, code): name for code, name in rows}

    def _below(
        self, system: str, code: str, *, itself: bool
    ) -> Mapping[Coded, str | None]:
        vocabulary = vocabulary_of(system)
        rows = self._connection.execute(
            "SELECT below.concept_code, below.concept_name, "
            "below.concept_id = top.concept_id FROM concept AS top "
            "JOIN concept_ancestor AS a ON a.ancestor_concept_id = top.concept_id "
            "JOIN concept AS below ON below.concept_id = a.descendant_concept_id "
            "WHERE top.vocabulary_id = $1 AND top.concept_code = $2 "
            "AND below.vocabulary_id = $1 AND below.invalid_reason IS NULL",
            [vocabulary, code],
        ).fetchall()
        if not rows:
            raise _CannotExpandError(
                f"it asks for what is below a concept of {system}, and no vocabulary "
                "here knows its descendants"
            )
        return {Coded(system, c): name for c, name, own in rows if itself or not own}
