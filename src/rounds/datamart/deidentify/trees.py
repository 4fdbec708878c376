"""Structures as SQL: codes, quantities and whatever holds them, element by element.

A structure is known by what it has: `coding` and `text` make a CodeableConcept,
`code` and `display` a Coding, `comparator` and `unit` a Quantity. Every other element
has a class of its own in `mappings/deidentify.csv` under `(element)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rounds.datamart.deidentify import values
from rounds.datamart.deidentify.classes import class_of
from rounds.datamart.deidentify.numbers import AGES, GONE, Number, is_listed, uris
from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.fhir.paths import text

__all__ = ["Trees", "is_list", "is_struct", "quantities"]

_UCUM: Final = "http://unitsofmeasure.org|urn:oid:2.16.840.1.113883.6.8"
_COMPARATORS: Final = "<|<=|>=|>|ad"


def is_struct(kind: Any) -> bool:
    """Tell whether an engine's type is a structure."""
    return str(kind.id) == "struct"


def is_list(kind: Any) -> bool:
    """Tell whether it is a list."""
    return str(kind.id) == "list"


def _nothing(kind: Any) -> str:
    return f"CAST(NULL AS {kind})"


def _names(kind: Any) -> dict[str, Any]:
    return dict(kind.children) if is_struct(kind) else {}


def _is_coding(kind: Any) -> bool:
    return {"code", "display"} <= set(_names(kind))


def _is_codeable(kind: Any) -> bool:
    return {"coding", "text"} <= set(_names(kind))


def _is_quantity(kind: Any) -> bool:
    return {"value", "unit"} <= set(_names(kind))


def quantities(given: str, kind: Any, depth: int = 0) -> Iterator[str]:
    """Write a list of the units within each quantity of a structure."""
    if _is_quantity(kind):
        yield f"[{given}.unit, {given}.code]"
    elif is_struct(kind):
        for name, sub in kind.children:
            yield from quantities(f'{given}."{name}"', sub, depth)
    elif is_list(kind):
        one = f"x{depth}"
        for inner in quantities(one, kind.children[0][1], depth + 1):
            yield f"flatten(list_transform({given}, lambda {one}: {inner}))"


@dataclass(frozen=True)
class Trees:
    """Writes structures."""

    plan: DeidentifyPlan

    def write(self, given: str, kind: Any, depth: int = 0) -> str:
        """Write a structure of any shape, its type unchanged."""
        if _is_coding(kind):
            return self.coding(given, kind)
        if _is_codeable(kind):
            return self._codeable(given, kind, depth)
        if _is_quantity(kind):
            return self.quantity(given, kind)
        if is_list(kind):
            one, place = f"x{depth}", f"i{depth}"
            sub = kind.children[0][1]
            inner = self.write(one, sub, depth + 1)
            if "id" in _names(sub):
                inner = self._struct(one, sub, depth + 1, {"id": f"'m' || {place}"})
            return f"list_transform({given}, lambda {one}, {place}: {inner})"
        if is_struct(kind):
            return self._struct(given, kind, depth, {})
        raise AssertionError("a leaf is written by its element's class")

    def _struct(
        self, given: str, kind: Any, depth: int, special: dict[str, str]
    ) -> str:
        code = self._first(given + '."code"', kind) if "code" in _names(kind) else None
        parts = []
        for name, sub in kind.children:
            value = f'{given}."{name}"'
            if name in special:
                written = special[name]
            elif is_list(sub) and not is_struct(sub.children[0][1]):
                written = _nothing(sub)  # single values that only a site's view reads
            elif is_struct(sub) or is_list(sub):
                if _is_quantity(sub):
                    written = self.quantity(value, sub, code, anything=True)
                else:
                    written = self.write(value, sub, depth)
            else:
                written = self._leaf(name, value, sub, code)
            parts.append(f'"{name}" := {written}')
        return f"CASE WHEN {given} IS NOT NULL THEN struct_pack({', '.join(parts)}) END"

    @staticmethod
    def _first(code: str, kind: Any) -> str:
        return f"{code}.coding[1]" if _is_codeable(_names(kind)["code"]) else code

    def _leaf(self, name: str, value: str, kind: Any, code: str | None = None) -> str:
        row = class_of("fhir", "(element)", name, self.plan.more_classes)
        is_json = str(kind) == "JSON"
        given = f"CAST({value} AS VARCHAR)" if is_json else value
        if row["class"] == "choice":
            return values.choice(value, row["of"])
        if row["class"] in {"number", "boolean"}:
            kept, allowed = value, f"{given} IN ('true', 'false', 'null')"
            if row["class"] == "number":
                allowed = f"{given} = 'null' OR ({values.number(given)}) = {given}"
                kept = self.adjusted(value, given, code, as_json=is_json, anything=True)
            wrong = "'\"wrong\"'::JSON" if is_json else "'wrong'"
            return (
                f"CASE WHEN {value} IS NULL OR {allowed} THEN {kept} ELSE {wrong} END"
            )
        return _nothing(kind)

    def coding(self, given: str, kind: Any, allowed: str = "") -> str:
        """Write a Coding: its words are gone; its code stays if it is one.

        Parameters
        ----------
        given : str
            The expression.
        kind : type
            Its type.
        allowed : str
            Codes (`a|b|c`) that may be kept whatever their system.
        """
        system, code = f"{given}.system", f"{given}.code"
        kept = f"coalesce({values.code_kept(self.plan, system, code)}, false)"
        if allowed:
            listed = ", ".join(text(each) for each in allowed.split("|"))
            kept = f"({kept} OR {code} IN ({listed}))"
        known = (
            f"CASE WHEN {values.code_kept(self.plan, system, code)} THEN {system} END"
        )
        # What is a structure where a code should be stays wrong, and is set aside.
        wrong = f"left({code}, 2) IN ('{{\"', '[\"', '[{{')"
        local = values.opaque(self.plan, f"coalesce({system}, '') || '|' || {code}")
        written = {
            "system": known,
            "code": f"CASE WHEN {kept} THEN {code} WHEN {wrong} THEN left({code}, 2) "
            f"ELSE {local} END",
        }
        parts = ", ".join(
            f'"{name}" := {written.get(name, _nothing(sub))}'
            for name, sub in kind.children
        )
        return f"CASE WHEN {given} IS NOT NULL THEN struct_pack({parts}) END"

    def _codeable(self, given: str, kind: Any, depth: int) -> str:
        names = _names(kind)
        coding = self.write(f"{given}.coding", names["coding"], depth)
        has_code = f"list_count(list_transform({given}.coding, lambda z: z.code)) > 0"
        words = self.code_text(f'{given}."text"', has_code)
        written = {"coding": coding, "text": words}
        parts = ", ".join(
            f'"{name}" := {written.get(name, _nothing(sub))}'
            for name, sub in names.items()
        )
        return f"CASE WHEN {given} IS NOT NULL THEN struct_pack({parts}) END"

    def code_text(self, given: str, has_code: str) -> str:
        """Write words beside a code (gone), or in place of one."""
        local = values.opaque(self.plan, given)
        return f"CASE WHEN coalesce({has_code}, false) THEN NULL ELSE {local} END"

    def quantity(
        self,
        given: str,
        kind: Any,
        code: str | None = None,
        *,
        anything: bool = False,
    ) -> str:
        """Write a Quantity, an age capped, a rank of a place coarsened.

        Parameters
        ----------
        given : str
            The expression.
        kind : type
            Its type.
        code : str, optional
            The Coding that says what it is of.
        anything : bool
            Whether it may be of anything where there is no code.
        """
        plain = f"CAST({given}.value AS VARCHAR)"
        units = (f"{given}.code", f"{given}.unit")
        exact = self.adjusted(
            f"{given}.value",
            plain,
            code,
            units=units,
            as_json=True,
            anything=anything,
        )
        written = {
            "value": f"CASE WHEN {given}.value IS NULL OR {plain} = 'null' "
            f"THEN {given}.value WHEN ({values.number(plain)}) = {plain} THEN {exact} "
            "ELSE '\"wrong\"'::JSON END",
            "comparator": values.choice(f"{given}.comparator", _COMPARATORS),
            "unit": values.unit(f"{given}.unit"),
            "system": values.choice(f"{given}.system", _UCUM),
            "code": values.unit(f"{given}.code"),
        }
        parts = ", ".join(
            f'"{name}" := {written.get(name, _nothing(sub))}'
            for name, sub in kind.children
        )
        return f"CASE WHEN {given} IS NOT NULL THEN struct_pack({parts}) END"

    def adjusted(
        self,
        exact: str,
        plain: str,
        code: str | None,
        *,
        units: tuple[str, ...] = (),
        as_json: bool = False,
        anything: bool = False,
    ) -> str:
        """Write a number, an age grouped and a rank of a place coarsened.

        Parameters
        ----------
        exact : str
            The number as it stands, given back where it may be shown.
        plain : str
            The same as text.
        code : str, optional
            The Coding that says what it is of.
        units : tuple of str
            Texts of its unit, as given.
        as_json : bool
            Whether JSON is to be written, and not text.
        anything : bool
            Whether it may be of anything where there is no code.
        """
        aged = gone = ranked = "false"
        unknown = "true" if anything else "false"
        if code is not None:
            aged = is_listed(AGES, f"{code}.system", f"{code}.code")
            gone = is_listed(GONE, f"{code}.system", f"{code}.code")
            ranked = f"coalesce({code}.system IN ({uris('SVI')}), false)"
            kept = values.code_kept(self.plan, f"{code}.system", f"{code}.code")
            unknown = f"NOT coalesce({kept}, false)"
        number = Number(
            self.plan,
            f"TRY_CAST({plain} AS DOUBLE)",
            units=units,
            kept=tuple(map(values.unit, units)),
            aged=aged,
            gone=gone,
            ranked=ranked,
            unknown=unknown,
        )
        shown = f"regexp_replace(CAST({number.shown()} AS VARCHAR), '[.]0$', '')"
        if as_json:
            shown = f"CAST({shown} AS JSON)"
        return f"CASE WHEN {number.changed()} THEN {shown} ELSE {exact} END"
