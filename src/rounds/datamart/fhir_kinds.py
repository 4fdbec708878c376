"""Kinds of fields that are more than a text, a code or a number: what SQL reads them.

A field's kind is named in `fhir_fields.csv`. Each function here is given the SQL of the
places where the field may be, and writes the expression of its value.
"""

from collections.abc import Callable, Sequence

__all__ = ["ITEM", "KINDS", "answers"]

ITEM = ("linkId", "text")
"""What is said of a questionnaire's item, and not of each of its answers."""

_ITEMS = ("$[*]", "$..item[*]")
_LOCAL = r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[^/]*)?$"


def _first(places: Sequence[str]) -> str:
    return places[0] if len(places) == 1 else f"coalesce({', '.join(places)})"


def _canonical(places: Sequence[str]) -> str:
    """Write a canonical URL without its version; one inside the resource names none."""
    url = f"regexp_replace({_first(places)}, '\\|.*$', '')"
    return f"CASE WHEN NOT starts_with({url}, '#') THEN nullif({url}, '') END"


def _codings(places: Sequence[str]) -> str:
    return f"list_transform({_first(places)}, lambda x: x.code)"


def _present(places: Sequence[str]) -> str:
    """Write 'true' where any of the places holds anything."""
    given = ", ".join(f"nullif(CAST({one} AS VARCHAR), 'null')" for one in places)
    return f"CASE WHEN coalesce({given}) IS NOT NULL THEN 'true' END"


def _reference_type(places: Sequence[str]) -> str:
    one = _first(places)
    named = f"nullif(regexp_extract({one}.reference, '{_LOCAL}', 1), '')"
    return f'coalesce({named}, {one}."type")'


def _organization(places: Sequence[str]) -> str:
    """Write an organization's name or reference; of a person, only the type.

    A payer may be the patient, whose name and id belong in no such column.
    """
    one, kind = _first(places), _reference_type(places)
    named = f"coalesce({one}.display, {one}.reference)"
    return f"CASE WHEN {kind} = 'Organization' THEN {named} ELSE {kind} END"


def _plan(places: Sequence[str]) -> str:
    codes = 'list_transform(x."type".coding, lambda y: y.code)'
    plan = f"list_filter({_first(places)}, lambda x: list_contains({codes}, 'plan'))[1]"
    return f'coalesce({plan}."name", {plan}."value")'


KINDS: dict[str, Callable[[Sequence[str]], str]] = {
    "texts": _first,
    "concepts": _first,
    "canonical": _canonical,
    "codings": _codings,
    "present": _present,
    "reference_type": _reference_type,
    "organization": _organization,
    "plan": _plan,
}


def answers(items: str, spec: str) -> str:
    """Write the answers of a questionnaire's items, however deep, as one list.

    Parameters
    ----------
    items : str
        The JSON array of the outermost items.
    spec : str
        The shape of an answer's list, as `json_transform` wants it.

    Returns
    -------
    str
        A list of answers in the order of the form, outer items first, each with
        the `linkId` and `text` of its item; NULL if there is none.
    """
    outer, inner = (f"json_extract({items}, '{path}')" for path in _ITEMS)
    every = f"list_concat({outer}, {inner})"
    given = f"coalesce(json_transform(json_extract(x, '$.answer'), '{spec}'), [])"
    own = ", ".join(
        f"\"{name}\" := json_extract_string(x, '$.{name}')" for name in ITEM
    )
    named = f"struct_insert(y, {own})"
    each = f"list_transform({given}, lambda y: {named})"
    flat = f"flatten(list_transform({every}, lambda x: {each}))"
    return f"CASE WHEN len({flat}) > 0 THEN {flat} END"
