"""Which units may be kept: those of UCUM, and the usual other spellings."""

import re
from functools import cache
from typing import Final

from rounds.datamart.mapping import mapping
from rounds.definitions.ucum import is_ucum

__all__ = ["may_be_kept"]

_ANNOTATION: Final = re.compile(r"\{([^}]*)\}")
_LONG_NUMBER: Final = re.compile(r"[0-9]{4}")


@cache
def _usual(kind: str) -> frozenset[str]:
    rows = mapping("deidentify_units")
    return frozenset(row["text"] for row in rows if row["kind"] == kind)


def may_be_kept(unit: str) -> bool:
    """Tell whether a unit is one, and says nothing else.

    UCUM lets words of any kind stand in braces and numbers of any length as factors:
    of words only some usual ones are let through, of numbers those of three digits.
    """
    if unit in _usual("spelling"):
        return True
    words = _ANNOTATION.findall(unit)
    if not _usual("annotation").issuperset(words) or _LONG_NUMBER.search(unit):
        return False
    return is_ucum(unit)
