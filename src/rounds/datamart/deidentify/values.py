"""Values as SQL, by class: what may be kept is named, and all else is taken away.

A code is kept if it belongs to a known system and has that system's form; a unit if it
is one; a word if it is on its column's list. What is set aside for a fault without
de-identification is still set aside for the same fault.
"""

import re
from functools import cache
from typing import Final

from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.deidentify.pseudonyms import hmac_sql
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import mapping
from rounds.definitions.code_systems import code_systems

__all__ = [
    "LOCAL",
    "UNITS",
    "bare_code",
    "boolean",
    "choice",
    "code_kept",
    "local_code",
    "number",
    "opaque",
    "source_code",
    "stands",
    "state",
    "unit",
    "vocabulary_code",
    "zip3",
]

LOCAL: Final = "removed"
"""What stands for a local code in `safe_harbor`: one word for all of them."""
UNITS: Final = "rounds_deidentify_units"
"""The variable that lists the units which occur and may be kept."""
_NUMBER: Final = "-?[0-9]{1,18}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,3})?"
_LOOKS_LIKE_A_CODE: Final = "[A-Za-z0-9][A-Za-z0-9._/-]{0,19}"
_BETWEEN: Final = " "
"""Between a system and its code; in the address of no system."""
_WRONG: Final = "'wrong'"


@cache
def _systems() -> dict[str, str]:
    rows = mapping("deidentify_systems")
    return {row["system"]: row["pattern"] for row in rows}


def code_kept(plan: DeidentifyPlan, system: str, code: str) -> str:
    """Write whether a code is of a known system and of that system's form.

    It is one pattern of both: a statement tests codes in many places, and seventy
    patterns in each of them took longer to plan than to run.
    """
    forms = _systems() | dict.fromkeys(plan.keep_systems, _LOOKS_LIKE_A_CODE)
    either = "|".join(
        f"{re.escape(name)}{_BETWEEN}({pattern})" for name, pattern in forms.items()
    )
    both = f"{system} || '{_BETWEEN}' || {code}"
    return f"coalesce(regexp_full_match({both}, {text(either)}), false)"


def opaque(plan: DeidentifyPlan, given: str) -> str:
    """Write what stands for a code or a text that may say anything; NULL of NULL."""
    if plan.mode == "shifted":
        salted = f"'code|' || {given}"
        return f"'local-' || left({hmac_sql(salted)}, 16)"
    return f"CASE WHEN {given} IS NOT NULL THEN '{LOCAL}' END"


def stands(given: str) -> str:
    """Write whether a text is what `opaque` gives."""
    return f"regexp_full_match({given}, '{LOCAL}|local-[0-9a-f]{{16}}')"


def bare_code(plan: DeidentifyPlan, given: str) -> str:
    """Write whether a text has the form of a code that is known without its system."""
    forms = [row["bare"] for row in mapping("deidentify_systems") if row["bare"]]
    if plan.keep_codes:
        forms.append(_LOOKS_LIKE_A_CODE)
    return f"regexp_full_match({given}, {text('|'.join(forms))})"


def local_code(plan: DeidentifyPlan, given: str, concepts: tuple[str, ...]) -> str:
    """Write a site's own word for a concept, where any number may stand: never kept.

    Parameters
    ----------
    given : str
        The column.
    concepts : tuple of str
        Columns of the concepts that say the same; if one is known, nothing stands for
        the word.
    """
    known = " OR ".join(f"coalesce({name}, 0) > 0" for name in concepts) or "false"
    return f"CASE WHEN {known} THEN NULL ELSE {opaque(plan, given)} END"


def source_code(plan: DeidentifyPlan, given: str, concepts: tuple[str, ...]) -> str:
    """Write a source value: kept if it has the form of a code that is no number.

    Parameters
    ----------
    given : str
        The column.
    concepts : tuple of str
        Columns of the concepts that say the same; if one is known, the value is not
        needed.
    """
    return (
        f"CASE WHEN {bare_code(plan, given)} THEN {given} "
        f"ELSE {local_code(plan, given, concepts)} END"
    )


def vocabulary_code(plan: DeidentifyPlan, vocabulary: str, code: str) -> str:
    """Write a code, kept if it has the form of its vocabulary's codes."""
    forms = _systems()
    tests = " ".join(
        f"WHEN {vocabulary} = {text(name)} "
        f"THEN regexp_full_match({code}, {text(forms[uri])})"
        for uri, name in code_systems().items()
        if uri in forms
    )
    local = " ".join(
        f"WHEN {vocabulary} = {text(name)} "
        f"THEN regexp_full_match({code}, '{_LOOKS_LIKE_A_CODE}')"
        for name in plan.keep_systems
    )
    kept = f"CASE {tests} {local} ELSE false END"
    return f"CASE WHEN {kept} THEN {code} ELSE {opaque(plan, code)} END"


def unit(given: str) -> str:
    """Write a unit, NULL where it is none."""
    return f"CASE WHEN list_contains(getvariable('{UNITS}'), {given}) THEN {given} END"


def choice(given: str, values: str) -> str:
    """Write a word that is on a list (`a|b|c`); any other is gone."""
    listed = ", ".join(text(each) for each in values.split("|"))
    return f"CASE WHEN {given} IN ({listed}) THEN {given} END"


def boolean(given: str) -> str:
    """Write a boolean that is text; what is none stays wrong."""
    return (
        f"CASE WHEN {given} IS NULL OR {given} IN ('true', 'false') THEN {given} "
        f"ELSE {_WRONG} END"
    )


def number(given: str) -> str:
    """Write a number that is text; what is none stays wrong."""
    return (
        f"CASE WHEN {given} IS NULL OR regexp_full_match({given}, '{_NUMBER}') "
        f"THEN {given} ELSE {_WRONG} END"
    )


def zip3(given: str) -> str:
    """Write the first three digits of a US ZIP code; 000 where few people live.

    References
    ----------
    45 CFR 164.514(b)(2)(i)(B). `deidentify_zip3` has the areas of 20,000 people or
    fewer: the 17 of Census 2000 that the guidance of HHS names, and those of Census
    2010. The rule asks for the current figures: look for newer ones.
    """
    few = ", ".join(text(row["prefix"]) for row in mapping("deidentify_zip3"))
    whole = (
        f"regexp_full_match(trim({given}), '[0-9]{{5}}([- ]?[0-9]{{4}})?|[0-9]{{3}}')"
    )
    first = f"left(trim({given}), 3)"
    return (
        f"CASE WHEN {whole} THEN CASE WHEN {first} IN ({few}) THEN '000' "
        f"ELSE {first} END END"
    )


def state(given: str, kind: str) -> str:
    """Write a state or a country that is on the list; any other is gone."""
    rows = mapping("deidentify_places")
    listed = ", ".join(text(row["value"]) for row in rows if row["kind"] == kind)
    return f"CASE WHEN lower(trim({given})) IN ({listed}) THEN trim({given}) END"
