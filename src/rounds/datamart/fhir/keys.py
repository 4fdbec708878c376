"""Keys: the same number for the same resource, whenever and wherever it is loaded.

The key of a resource is half of the MD5 of `Type/id`, so it depends on no order, no
other resource and no version of the engine; 63 bits fit OMOP's BIGINT ids. MD5 serves
as a mixer here and protects nothing. On one core it takes 0.15 µs a reference (the
engine's own `hash()`, which may change with its version, 0.06 µs).
"""

from rounds.datamart.fhir.paths import text

__all__ = ["MOST_PARTS", "MOST_TARGETS", "key_of", "row_id", "source_value"]

_MASK = (1 << 63) - 1
_STEP = 1_099_511_627_791
"""A prime just above 2**40: what the rows of one resource differ by, in xor."""
MOST_PARTS = 1 << 12
"""Components of one resource, itself counted."""
MOST_TARGETS = 1 << 10
"""Standard concepts of one code."""


def key_of(reference: str, namespace: str = "") -> str:
    """Write the key of a reference; NULL for none.

    Parameters
    ----------
    reference : str
        An SQL expression giving `Type/id`, or `Type?identifier=system|value`.
    namespace : str
        The source's name, where ids of several sources must not meet.

    Returns
    -------
    str
        An SQL expression: a BIGINT in [0, 2**63).
    """
    salted = f"{text(namespace + '|')} || {reference}" if namespace else reference
    return f"CAST(md5_number({salted}) & {_MASK}::UHUGEINT AS BIGINT)"


def row_id(key: str, part: str, target: str = "0") -> str:
    """Write the id of a row made from a resource; the first has the resource's key.

    It can be undone: the same with the row's id in place of the key gives the key.

    Parameters
    ----------
    key : str
        The resource's key.
    part : str
        An SQL expression: 0 for the resource, from 1 for its components.
    target : str
        An SQL expression: which of the standard concepts of its code, from 0.
    """
    place = f"CAST({part} + {target} * {MOST_PARTS} AS BIGINT)"
    return f"xor({key}, {place} * {_STEP})"


def source_value(namespace: str) -> str:
    """Write what a row keeps of its resource's id: with the source's name, if any."""
    return f"{text(namespace + ':')} || id" if namespace else "id"
