"""Units as SQL: which values of some events can be used, and what each becomes.

A value in an accepted unit is used as it is. One in another unit is converted to the
first accepted unit that is UCUM, if that is possible; the rest is not used, and said.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from rounds.datamart.compiling.events import TABLES, member, numbers, text
from rounds.datamart.engines.base import Engine
from rounds.definitions import unit_concepts
from rounds.definitions.ucum import is_ucum
from rounds.definitions.units import (
    Analyte,
    Conversion,
    conversion,
    has_analyte,
    wanted_unit,
)
from rounds.nouns import Events

__all__ = ["Units", "find_units"]

UnitKey: TypeAlias = tuple[str, str | None, tuple[str, ...]]
"""Domain, concept set and accepted units of some events."""

_FEW: Final = 10


class _Found(NamedTuple):
    """Values in a unit that is not accepted."""

    spelling: str
    unit: int
    """Its concept, 0 if there is none."""
    concept: int
    source: int
    n: int


class _Rule(NamedTuple):
    """Which rows are converted, and how."""

    unit: int
    spelling: str | None
    """None where the unit's concept says it alone."""
    codes: tuple[tuple[int, int], ...] | None
    """Concept and source concept of the rows; None for any."""
    conversion: Conversion


@dataclass(frozen=True)
class Units:
    """How the values of a measure's events are read."""

    concepts: Mapping[str, int] = field(default_factory=dict)
    """UCUM code → unit concept, as far as the datamart's vocabulary knows."""
    rules: Mapping[UnitKey, tuple[_Rule, ...]] = field(default_factory=dict)
    unused: Mapping[UnitKey, Mapping[str, int]] = field(default_factory=dict)
    """What is not used: the unit, or empty for none or no UCUM → how many values."""

    def accepted(self, events: Events) -> str:
        """Write the condition that a row `t` has a number in an accepted unit."""
        spellings = ", ".join(text(one) for one in events.units)
        ids = unit_concepts(events.units) | {
            self.concepts[one] for one in events.units if one in self.concepts
        }
        return (
            "t.value_as_number IS NOT NULL AND "
            f"(coalesce(t.unit_source_value, '') IN ({spellings}) "
            f"OR coalesce(t.unit_concept_id, 0) IN ({numbers(frozenset(ids))}))"
        )

    def usable(self, events: Events) -> str:
        """Write the condition that a row `t` has a number in a unit that will do."""
        rules = self.rules.get(_key(events), ())
        others = [
            f"(t.value_as_number IS NOT NULL AND {_is(events, rule)})" for rule in rules
        ]
        own = self.accepted(events)
        return f"({' OR '.join([f'({own})', *others])})" if others else own

    def value(self, events: Events) -> str:
        """Write the number of a row `t` in the unit of the measure."""
        rules = self.rules.get(_key(events), ())
        if not rules:
            return "t.value_as_number"
        cases = "".join(
            f" WHEN {_is(events, rule)} THEN {_converted(rule.conversion)}"
            for rule in rules
        )
        own = f"WHEN {self.accepted(events)} THEN t.value_as_number"
        return f"CASE {own}{cases} END"

    def limitations(self, events: Events, title: str) -> str | None:
        """Say which values of some events are not used, and why."""
        unused = self.unused.get(_key(events), {})
        if not unused:
            return None
        named = [
            f"{_few(n)} in {unit}"
            for unit, n in sorted(unused.items(), key=lambda one: (-one[1], one[0]))
            if unit and n > _FEW
        ]
        shown = f": {', '.join(named)}" if named else ""
        return (
            f"{_few(sum(unused.values()))} values of {title} in the datamart are not "
            f"in {' or '.join(events.units)}, cannot be converted to it (or have no "
            f"unit), and were not used{shown}."
        )


def find_units(
    derived: Engine,
    wanted: tuple[Events, ...],
    sets: Mapping[str, tuple[int, ...]],
) -> Units:
    """Find which units the values of these events have, and which convert.

    Parameters
    ----------
    derived : Engine
        What is asked of the datamart.
    wanted : tuple of Events
        Those that name units are looked at.
    sets : mapping of str to tuple of int
        Concept set name → concept ids.

    Returns
    -------
    Units
        With a conversion for each unit that has one.
    """
    by_key = {_key(one): one for one in wanted if one.units and one.concept_set}
    spellings = sorted({unit for one in by_key.values() for unit in one.units})
    listed = ", ".join(text(one) for one in spellings) or "NULL"
    found = derived.ask(
        "SELECT concept_code, min(concept_id) FROM concept "
        f"WHERE vocabulary_id = 'UCUM' AND concept_code IN ({listed}) "
        "AND concept_id > 0 GROUP BY concept_code"
    )
    units = Units(dict(found))
    rules: dict[UnitKey, tuple[_Rule, ...]] = {}
    unused: dict[UnitKey, dict[str, int]] = {}
    for key, events in by_key.items():
        others = _others(derived, events, sets, units)
        rules[key], unused[key] = _rules(derived, events, others)
    return Units(units.concepts, rules, unused)


def _others(
    derived: Engine,
    events: Events,
    sets: Mapping[str, tuple[int, ...]],
    units: Units,
) -> list[_Found]:
    """Count the values that are in no accepted unit, by unit and code."""
    source = TABLES[events.domain]
    columns = (
        "coalesce(t.unit_source_value, '')",
        "coalesce(t.unit_concept_id, 0)",
        f"coalesce(t.{source.concept}, 0)",
        f"coalesce(t.{source.source_concept}, 0)",
    )
    named = ("spelling", "unit", "concept", "source")
    chosen = ", ".join(f"{c} AS {n}" for c, n in zip(columns, named, strict=True))
    each = ", ".join(named)
    rows = derived.ask(
        f"SELECT {each}, count(*) AS n FROM (SELECT {chosen} "
        f"FROM {source.table} t WHERE t.value_as_number IS NOT NULL "
        f"AND {member(events, sets)} AND ({units.accepted(events)}) IS NOT TRUE) o "
        f"GROUP BY {each} ORDER BY {each}"
    )
    return [_Found(*row) for row in rows]


def _rules(
    derived: Engine, events: Events, others: list[_Found]
) -> tuple[tuple[_Rule, ...], dict[str, int]]:
    to = wanted_unit(events.units)
    named = _codes_of(derived, {one.unit for one in others}, "UCUM")
    ids = {each for one in others for each in (one.concept, one.source)}
    analytes = _codes_of(derived, ids) if to and others else {}
    whose: dict[tuple[int, str | None, Conversion], set[tuple[int, int]] | None] = {}
    unused: Counter[str] = Counter()
    for one in others:
        by_concept = named.get(one.unit)
        code = by_concept.code if by_concept else one.spelling
        plain = conversion(code, to) if to else None
        how = plain
        for analyte in (analytes.get(one.source), analytes.get(one.concept)):
            if to and how is None and analyte and has_analyte(analyte):
                how = conversion(code, to, analyte)
        if how is None:
            unused[code if is_ucum(code) else ""] += one.n
            continue
        key = (one.unit, None if by_concept else one.spelling, how)
        if plain is not None:
            whose[key] = None
        elif (rows := whose.setdefault(key, set())) is not None:
            rows.add((one.concept, one.source))
    rules = tuple(
        _Rule(unit, spelling, tuple(sorted(codes)) if codes else None, how)
        for (unit, spelling, how), codes in whose.items()
    )
    return rules, dict(unused)


def _codes_of(
    derived: Engine, ids: set[int], vocabulary: str = ""
) -> dict[int, Analyte]:
    """Give vocabulary and code of some concepts."""
    wanted = sorted(one for one in ids if one)
    if not wanted:
        return {}
    where = f" AND vocabulary_id = {text(vocabulary)}" if vocabulary else ""
    rows = derived.ask(
        "SELECT concept_id, vocabulary_id, concept_code FROM concept "
        f"WHERE concept_id IN ({numbers(frozenset(wanted))}){where} "
        "ORDER BY concept_id, vocabulary_id, concept_code"
    )
    return {key: Analyte(name, code) for key, name, code in rows}


def _is(events: Events, rule: _Rule) -> str:
    """Write that a row `t` is one that the rule converts.

    A spelling that is written here is a UCUM code, and never free text.
    """
    source = TABLES[events.domain]
    parts = [f"coalesce(t.unit_concept_id, 0) = {rule.unit}"]
    if rule.spelling is not None:
        parts.append(f"t.unit_source_value = {text(rule.spelling)}")
    if rule.codes is not None:
        pairs = ", ".join(f"({concept}, {own})" for concept, own in rule.codes)
        parts.append(
            f"(coalesce(t.{source.concept}, 0), coalesce(t.{source.source_concept}, 0))"
            f" IN ({pairs})"
        )
    return f"({' AND '.join(parts)})"


def _converted(how: Conversion) -> str:
    """Write the arithmetic of `Conversion.apply`, step by step the same."""
    return (
        f"round(t.value_as_number * CAST({how.factor!r} AS DOUBLE) "
        f"+ CAST({how.shift!r} AS DOUBLE), {how.digits})"
    )


def _key(events: Events) -> UnitKey:
    return (events.domain, events.concept_set, events.units)


def _few(n: int) -> str:
    return f"1 to {_FEW}" if n <= _FEW else f"{n:,}"
