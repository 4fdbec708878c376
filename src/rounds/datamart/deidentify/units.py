"""Which units may be kept: those of UCUM, and the usual other spellings."""

import re
from typing import Final

from rounds.definitions.ucum import is_ucum

__all__ = ["may_be_kept"]

_SPELLINGS: Final = frozenset(
    "mmHg|mm Hg|millimeters of mercury|year|years|yr|yrs|month|months|week|weeks|day|"
    "days|hour|hours|minute|minutes|lb|lbs|pounds|inch|inches|in|ft|cm|kg|bpm|"
    "beats/min|beats/minute|breaths/min|breaths/minute|/minute|percent|pct|IU/L|mEq/L|"
    "mcg|mcg/mL|cc|tablet|tablets|capsule|capsules|tab|cap|puff|puffs|drop|drops|"
    "units|unit|score|cells/uL|K/uL|M/uL|10*3/uL|deg C|deg F|C|F|Celsius|"
    "kg/m2|mL/min/1.73m2|mg/g|mg/dl|gm|gm/dL|degrees C|degrees F".split("|")
)
_ANNOTATIONS: Final = frozenset(
    "score|count|cells|#|ratio|titer|INR|beats|index|creat|1.73_m2|nominal|points|"
    "tablet|capsule|tbl|cap|puff|drop|breaths|RBC|WBC|cpd|copies|CFU".split("|")
)
_ANNOTATION: Final = re.compile(r"\{([^}]*)\}")
_LONG_NUMBER: Final = re.compile(r"[0-9]{4}")


def may_be_kept(unit: str) -> bool:
    """Tell whether a unit is one, and says nothing else.

    UCUM lets words of any kind stand in braces and numbers of any length as factors:
    of words only some usual ones are let through, of numbers those of three digits.
    """
    if unit in _SPELLINGS:
        return True
    words = _ANNOTATION.findall(unit)
    if any(word not in _ANNOTATIONS for word in words) or _LONG_NUMBER.search(unit):
        return False
    return is_ucum(unit)
