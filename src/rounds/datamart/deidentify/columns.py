"""One column as SQL, by its class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rounds.datamart.deidentify import pseudonyms, values
from rounds.datamart.deidentify.classes import class_of
from rounds.datamart.deidentify.dates import Dates
from rounds.datamart.deidentify.numbers import UNIT_CONCEPTS, Number
from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.deidentify.trees import Trees, is_struct
from rounds.datamart.fhir.paths import fields, resources
from rounds.datamart.mapping import Row

__all__ = ["Columns"]

_FIRST_LOCAL: Final = 2_000_000_001
_REQUIRED: Final = frozenset({"dose_value"})
"""Numbers that no row may be without."""
_CENTURIES: Final = 10_000_000_000_000_000
"""In microseconds: 317 years."""
_TIME: Final = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_WORDS: Final = {
    "domain_id": "Condition|Drug|Measurement|Observation|Procedure|Device|Visit|Unit|"
    "Gender|Race|Ethnicity|Meas Value|Specimen|Provider|Type Concept|Metadata",
    "standard_concept": "S|C",
    "invalid_reason": "D|U",
}


@dataclass(frozen=True)
class _At:
    """Where a method of `Columns` stands."""

    given: str
    """The column, quoted."""
    name: str
    of: str
    """What its row says beside the class."""


@dataclass(frozen=True)
class Columns:
    """Writes the columns of one relation.

    Parameters
    ----------
    plan : DeidentifyPlan
    shape, table : str
        As in `mappings/deidentify.csv`.
    types : mapping of str to type
        The engine's type of each column.
    digests : mapping of str to str
        Column → expression of its pseudonym's digest, for ids and references.
    dates : Dates
        With the person's offset.
    died : str
        When the person died, or NULL; for births of OMOP.
    numbered : mapping of str to str
        Class of a concept (`age`, `rank`) → its ids, for OMOP.
    """

    plan: DeidentifyPlan
    shape: str
    table: str
    types: Mapping[str, Any]
    digests: Mapping[str, str]
    dates: Dates
    died: str = "NULL::DATE"
    numbered: Mapping[str, str] | None = None

    def write(self, name: str) -> str:
        """Write a column's value, its type unchanged."""
        row = self._row(name)
        kind = self.types[name]
        at = _At(given=f'"{name}"', name=name, of=row["of"])
        written = getattr(self, f"_{row['class']}")(at)
        return str(written) if is_struct(kind) else f"CAST({written} AS {kind})"

    def _row(self, name: str) -> Row:
        more = self.plan.more_classes
        if name.endswith("_text") and self.shape == "fhir":
            # The words of a code have no row of their own.
            base = name.removesuffix("_text")
            is_code = base in self.types and is_struct(self.types[base])
            if is_code and self._row(base)["class"] == "code":
                return {"class": "code_text", "of": base}
        return class_of(self.shape, self.table, name, more)

    # A method for each class, in the order of `classes.CLASSES`.

    def _id(self, at: _At) -> str:
        digest = self.digests[at.name]
        if self.shape == "omop":
            return pseudonyms.bigint(digest)
        return pseudonyms.code(digest)

    def _reference(self, at: _At) -> str:
        """Keep the type that is referred to, and the way of referring to it."""
        types = "|".join(resources())
        found = pseudonyms.code(self.digests[at.name])
        typed = f"regexp_extract({at.given}, '^({types})[/?]', 1)"
        return (
            f"CASE WHEN {at.given} IS NULL THEN NULL WHEN {typed} = '' "
            f"THEN 'urn:uuid:' || {found} WHEN contains({at.given}, '?') "
            f"THEN {typed} || '?identifier=rounds|' || {found} "
            f"ELSE {typed} || '/' || {found} END"
        )

    def _system(self, at: _At) -> str:
        return f"CASE WHEN {at.given} IS NOT NULL THEN 'rounds' END"

    def _identifier(self, at: _At) -> str:
        return pseudonyms.code(self.digests[at.name])

    def _dropped(self, at: _At) -> str:
        if self.shape == "fhir":
            field = fields(self.table).get(at.name, {})
            if field.get("kind") == "number":  # what is none is still set aside
                return f"nullif({values.number(at.given)}, {at.given})"
        return "NULL"

    def _name(self, at: _At) -> str:
        return at.given if self.plan.keep_names else "NULL"

    def _code(self, at: _At) -> str:
        return Trees(self.plan).coding(at.given, self.types[at.name], at.of)

    def _code_text(self, at: _At) -> str:
        return Trees(self.plan).code_text(at.given, f'"{at.of}".code IS NOT NULL')

    def _codes(self, at: _At) -> str:
        listed = ", ".join(f"'{each}'" for each in at.of.split("|"))
        return f"list_filter({at.given}, lambda x: x IN ({listed}))"

    def _source_code(self, at: _At) -> str:
        there = [each for each in at.of.split("|") if each in self.types]
        return values.source_code(self.plan, at.given, tuple(there))

    def _local_code(self, at: _At) -> str:
        there = [each for each in at.of.split("|") if each in self.types]
        return values.local_code(self.plan, at.given, tuple(there))

    def _choice(self, at: _At) -> str:
        return values.choice(at.given, at.of)

    def _boolean(self, at: _At) -> str:
        return values.boolean(at.given)

    def _number(self, at: _At) -> str:
        if self.shape == "omop":
            return self._omop_number(at)
        kept = values.number(at.given)
        code = f'"{at.of}"' if at.of else None
        fitted = Trees(self.plan).adjusted(at.given, at.given, code)
        return f"CASE WHEN ({kept}) = {at.given} THEN {fitted} ELSE {kept} END"

    def _omop_number(self, at: _At) -> str:
        columns = [each for each in at.of.split("|") if each in self.types]
        if not columns or self.numbered is None:
            bounded = Number(self.plan, at.given).shown()
            return at.given if at.name in _REQUIRED else bounded
        concepts = [each for each in columns if not each.startswith("unit_")]
        known = " OR ".join(self._says(column) for column in concepts)
        number = Number(
            self.plan,
            at.given,
            units=[given for given, _ in self._units(columns)],
            kept=[kept for _, kept in self._units(columns)],
            aged=self._is_one("age", concepts),
            gone=self._is_one("gone", concepts),
            ranked=self._is_one("rank", concepts),
            unknown=f"NOT ({known or 'false'})",
        )
        return number.shown()

    def _is_one(self, what: str, columns: list[str]) -> str:
        """Write whether a column holds a code, or a concept, of an age or a rank."""
        assert self.numbered is not None, "these are for OMOP"
        tests = []
        for column in columns:
            kind = "codes" if str(self.types[column]) == "VARCHAR" else "concepts"
            listed = self.numbered[f"{what}_{kind}"]
            tests.append(f'coalesce("{column}" IN ({listed}), false)')
        return f"({' OR '.join(tests) or 'false'})"

    def _says(self, column: str) -> str:
        """Write whether a column says what a number is of, after as before."""
        given = f'"{column}"'
        if str(self.types[column]) == "VARCHAR":
            return f"coalesce({values.bare_code(self.plan, given)}, false)"
        return f"coalesce({given} BETWEEN 1 AND {_FIRST_LOCAL - 1}, false)"

    def _units(self, columns: list[str]) -> Iterator[tuple[str, str]]:
        """Give each text of a number's unit, as given and as kept."""
        if "unit_source_value" in columns:
            yield '"unit_source_value"', values.unit('"unit_source_value"')
        if "unit_concept_id" in columns:
            cases = " ".join(
                f"WHEN {id_} THEN '{name}'" for id_, name in UNIT_CONCEPTS.items()
            )
            # Any other unit is one, so the number is of something else than years.
            named = (
                f'CASE coalesce("unit_concept_id", 0) {cases} '
                "WHEN 0 THEN NULL ELSE 'other' END"
            )
            yield named, named

    def _quantity(self, at: _At) -> str:
        code = f'"{at.of}"' if at.of else None
        return Trees(self.plan).quantity(at.given, self.types[at.name], code)

    def _unit(self, at: _At) -> str:
        return values.unit(at.given)

    def _tree(self, at: _At) -> str:
        return Trees(self.plan).write(at.given, self.types[at.name])

    def _contained(self, at: _At) -> str:
        ids = f'list_transform("{at.of}", lambda x: x.id)'
        found = f"list_position({ids}, substr({at.given}, 2))"
        return (
            f"CASE WHEN {at.given} IS NULL THEN NULL WHEN starts_with({at.given}, '#') "
            f"THEN '#m' || coalesce({found}, 0) ELSE 'elsewhere' END"
        )

    def _date(self, at: _At) -> str:
        return self._dated(at, self.dates)

    def _death(self, at: _At) -> str:
        return self._dated(at, replace(self.dates, grouped=False))

    def _dated(self, at: _At, dates: Dates) -> str:
        if str(self.types[at.name]) == "DATE":
            return dates.date(at.given)
        if str(self.types[at.name]) == "TIMESTAMP":
            return dates.datetime(at.given)
        after = f'"{at.of}"' if at.of in self.types else None
        return dates.text(at.given, after=after)

    def _birth(self, at: _At) -> str:
        if self.shape == "omop":
            return self.dates.birth_columns(self.died)[at.name]
        died = f'"{at.of}"' if at.of in self.types else "NULL::VARCHAR"
        return self.dates.birth_text(at.given, died)

    def _birth_part(self, at: _At) -> str:
        return self.dates.birth_columns(self.died)[at.name]

    def _time(self, at: _At) -> str:
        if self.plan.mode != "shifted":
            return "NULL"
        return f"CASE WHEN regexp_full_match({at.given}, '{_TIME}') THEN {at.given} END"

    def _source_date(self, at: _At) -> str:
        return self.dates.source_date(at.given)

    def _zip(self, at: _At) -> str:
        return values.zip3(at.given)

    def _state(self, at: _At) -> str:
        return values.state(at.given, "state")

    def _country(self, at: _At) -> str:
        return values.state(at.given, "country")

    def _concept(self, at: _At) -> str:
        return at.given

    def _concept_text(self, at: _At) -> str:
        local = {
            "concept_name": values.source_code(self.plan, at.given, ()),
            "concept_code": values.source_code(self.plan, at.given, ()),
            "vocabulary_id": "'Local'",
            "concept_class_id": "'Undefined'",
        }.get(at.name) or values.choice(at.given, _WORDS[at.name])
        if at.name == "domain_id":
            local = f"coalesce({local}, 'Observation')"
        return f"CASE WHEN concept_id < {_FIRST_LOCAL} THEN {at.given} ELSE {local} END"

    def _updated(self, at: _At) -> str:
        """Hide an instant behind a secret number of its resource.

        Versions are compared within one resource alone, and the number is the same for
        all of them, so the later one stays the later. What comes out lies centuries
        ahead, where nobody can take it for a day on which something was.
        """
        zoned = (
            f"CASE WHEN regexp_matches({at.given}, '(Z|[+-][0-9:]{{5}})$') "
            f"THEN {at.given} ELSE {at.given} || CASE WHEN contains({at.given}, 'T') "
            "THEN 'Z' ELSE 'T00:00:00Z' END END"
        )
        instant = f"epoch_us(TRY_CAST({zoned} AS TIMESTAMPTZ))"
        mask = pseudonyms.mask(self.digests["id"])
        hidden = f"make_timestamp({instant} + {_CENTURIES} + {mask})"
        return f"strftime({hidden}, '%Y-%m-%dT%H:%M:%S.%fZ')"

    def _version(self, at: _At) -> str:
        hidden = (
            f"TRY_CAST({at.given} AS BIGINT) + {pseudonyms.mask(self.digests['id'])}"
        )
        return (
            f"CASE WHEN regexp_full_match({at.given}, '[0-9]{{1,15}}') "
            f"THEN CAST({hidden} AS VARCHAR) END"
        )

    def _place(self, at: _At) -> str:
        return at.given

    def _kept(self, at: _At) -> str:
        return at.given

    def _value_text(self, at: _At) -> str:  # noqa: ARG002
        return "NULL"

    def _removed(self, at: _At) -> str:
        return f"CASE WHEN {at.given} IS NOT NULL THEN 'removed' END"
