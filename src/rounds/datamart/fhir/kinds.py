"""Kinds of fields: the SQL type that a view must give of each, and what is made of it.

A field's kind is named in `fhir_fields.csv`; where it is in a resource, a view says.
What FHIR leaves open is settled here: which coding stands for a concept, how a
reference is written, what is kept of a payer.
"""

from collections.abc import Callable

from rounds.datamart.sql_on_fhir.shape import text

__all__ = ["LISTS", "OPEN", "TYPES", "settled"]

_CODING = 'STRUCT("system" VARCHAR, "code" VARCHAR, "display" VARCHAR)'
_LOCAL = r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[^/]*)?$"
_ABSOLUTE = r"([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(/_history/[^/]*)?$"
_ITEM = ("linkId", "text")
"""What is said of a questionnaire's item, and not of each of its answers."""
_ITEMS = ("$[*]", "$..item[*]")

TYPES = {
    **dict.fromkeys(
        ("text", "number", "boolean", "reference", "canonical", "present", "plan"),
        "VARCHAR",
    ),
    "constant": "VARCHAR",
    "texts": "VARCHAR[]",
    "codes": "VARCHAR[]",
    "coding": _CODING,
    "code": f"{_CODING}[]",
    "codings": 'STRUCT("code" VARCHAR)[]',
    "quantity": 'STRUCT("value" JSON, "comparator" VARCHAR, "unit" VARCHAR, '
    '"system" VARCHAR, "code" VARCHAR)',
    "reference_type": 'STRUCT("reference" VARCHAR, "type" VARCHAR)',
    "organization": 'STRUCT("reference" VARCHAR, "type" VARCHAR, "display" VARCHAR)',
    "items": "JSON[]",
}
"""What the column of each kind of field is."""

OPEN = frozenset({"components", "concepts"})
"""Kinds whose columns have the elements that the view of their entries reads."""

LISTS = OPEN | {"items"}
"""Kinds of fields whose entries become rows of their own."""


def settled(sql: str, kind: str, systems: str, spec: str = "") -> str:
    """Write what becomes of a column of a kind.

    Parameters
    ----------
    sql : str
        What the view gives.
    kind : str
        As in `fhir_fields.csv`.
    systems : str
        The code systems whose codes are preferred, as SQL.
    spec : str
        For `items`: the shape of the list of answers, as `json_transform` wants it.
    """
    if kind == "code":
        return _chosen(sql, systems)
    if kind == "items":
        return _answers(sql, spec)
    return _SETTLED[kind](sql) if kind in _SETTLED else sql


def _chosen(codings: str, systems: str) -> str:
    """Give the coding that stands for a concept: a known system's first."""
    known = f"x.code IS NOT NULL AND x.system IN ({systems})"
    return (
        f"CASE WHEN len({codings}) = 1 THEN {codings}[1] ELSE coalesce("
        f"list_filter({codings}, lambda x: {known})[1], "
        f"list_filter({codings}, lambda x: x.code IS NOT NULL)[1]) END"
    )


def _relative(reference: str) -> str:
    """Write an absolute or versioned reference as Type/id; leave others as they are."""
    return (
        f"CASE WHEN starts_with({reference}, 'http') "
        f"OR contains({reference}, '/_history/') "
        f"THEN regexp_extract({reference}, {text(_ABSOLUTE)}, 1) ELSE {reference} END"
    )


def _canonical(given: str) -> str:
    """Write a canonical URL without its version; one inside the resource names none."""
    url = f"regexp_replace({given}, '\\|.*$', '')"
    return f"CASE WHEN NOT starts_with({url}, '#') THEN nullif({url}, '') END"


def _codings(given: str) -> str:
    return f"list_transform({given}, lambda x: x.code)"


def _present(given: str) -> str:
    return f"nullif({given}, 'false')"


def _reference_type(given: str) -> str:
    named = f"nullif(regexp_extract({given}.reference, '{_LOCAL}', 1), '')"
    return f'coalesce({named}, {given}."type")'


def _organization(given: str) -> str:
    """Write an organization's name or reference; of a person, only the type.

    A payer may be the patient, whose name and id belong in no such column.
    """
    kind = _reference_type(given)
    named = f"coalesce({given}.display, {given}.reference)"
    return f"CASE WHEN {kind} = 'Organization' THEN {named} ELSE {kind} END"


def _constant(given: str) -> str:
    """Read a code that is the same for every resource: `system|code|display`."""
    names = ("system", "code", "display")
    parts = (
        f"'{name}': split_part({given}, '|', {place})"
        for place, name in enumerate(names, start=1)
    )
    return f"{{{', '.join(parts)}}}"


_SETTLED: dict[str, Callable[[str], str]] = {
    "reference": _relative,
    "canonical": _canonical,
    "codings": _codings,
    "present": _present,
    "reference_type": _reference_type,
    "organization": _organization,
    "constant": _constant,
}


def _answers(items: str, spec: str) -> str:
    """Write the answers of a questionnaire's items, however deep, as one list.

    They are in the order of the form, outer items first, each with the `linkId` and
    `text` of its item; NULL if there is none.
    """
    outer, inner = (f"json_extract(to_json({items}), '{path}')" for path in _ITEMS)
    every = f"list_concat({outer}, {inner})"
    given = f"coalesce(json_transform(json_extract(x, '$.answer'), '{spec}'), [])"
    own = ", ".join(
        f"\"{name}\" := json_extract_string(x, '$.{name}')" for name in _ITEM
    )
    named = f"struct_insert(y, {own})"
    each = f"list_transform({given}, lambda y: {named})"
    flat = f"flatten(list_transform({every}, lambda x: {each}))"
    return f"CASE WHEN len({flat}) > 0 THEN {flat} END"
