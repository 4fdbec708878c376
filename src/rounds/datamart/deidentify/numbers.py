"""Numbers as SQL: an age over 89 is 90, a rank of a place its quarter, others as given.

An age is known by its code, by the word `age` in the name that a loaded vocabulary has
for the code, or by its unit: whatever lasts longer than 89 years says as much of a
person's age. `safe_harbor` also groups a number without a unit whose code it has taken
away, since nobody can tell any more what it is. A number of nine digits or more is a
number of somebody or something, and goes.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import duckdb

from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import mapping
from rounds.definitions.code_systems import code_systems

__all__ = [
    "AGES",
    "GONE",
    "UNIT_CONCEPTS",
    "Number",
    "is_listed",
    "know_ages",
    "listed_codes",
    "place_rank",
    "uris",
]

AGES: Final = "rounds_deidentify_ages"
"""The variable that lists the codes of ages, as `vocabulary|code`."""
GONE: Final = "rounds_deidentify_gone"
"""The variable that lists those whose number is a date of birth or a postal code."""
_OLDEST: Final = 90
_IDENTIFYING: Final = 100_000_000
_A_YEAR: Final[dict[float, tuple[str, ...]]] = {
    1: ("a", "a_g", "a_j", "a_t", "year", "years", "yr", "yrs", "y"),
    12: ("mo", "mo_g", "mo_j", "mo_s", "month", "months", "mos"),
    52.18: ("wk", "week", "weeks", "wks"),
    365.25: ("d", "day", "days"),
    8_766: ("h", "hour", "hours", "hr", "hrs"),
    525_960: ("min", "minute", "minutes"),
    31_557_600: ("s", "second", "seconds"),
}
"""How many of a unit make a year."""
UNIT_CONCEPTS: Final = {9448: "a", 9580: "mo", 8511: "wk", 8512: "d", 8505: "h"}
"""OMOP's concepts of the units in which an age may be given."""
_NAMED_AGE: Final = (
    "^((current|chronological|reported|estimated|patient|maternal|paternal) )*age"
    "([^a-z]|$)|[^a-z]age (at|when|of|in years)([^a-z]|$)|how old"
)


def uris(vocabulary: str) -> str:
    """Write the code systems of a vocabulary, as a list of texts."""
    known = code_systems().items()
    return ", ".join(text(uri) for uri, name in known if name == vocabulary)


def listed_codes(kind: str) -> list[str]:
    """Give the codes of a kind, `age` or `gone`, that need no vocabulary."""
    return [
        f"{row['vocabulary']}|{row['code']}"
        for row in mapping("deidentify_numbers")
        if row["kind"] == kind
    ]


def know_ages(
    connection: duckdb.DuckDBPyConnection, concepts: str | None
) -> frozenset[int]:
    """Set the variables that `is_listed` reads; give the OMOP concepts of ages.

    Parameters
    ----------
    connection : DuckDBPyConnection
    concepts : str, optional
        A relation with the columns of `concept`, whose names tell of more ages.

    Returns
    -------
    frozenset of int
        Their `concept_id`.
    """
    codes = set(listed_codes("age"))
    rows = mapping("deidentify_numbers")
    ids = {int(row["concept_id"]) for row in rows if row["concept_id"]}
    if concepts is not None:
        listed = ", ".join(text(each) for each in sorted(codes))
        found = connection.execute(
            f"SELECT vocabulary_id || '|' || concept_code, concept_id FROM {concepts} "
            f"WHERE vocabulary_id || '|' || concept_code IN ({listed}) OR "
            "(vocabulary_id IN ('LOINC', 'SNOMED') AND "
            f"regexp_matches(lower(concept_name), '{_NAMED_AGE}'))"
        ).fetchall()
        codes |= {code for code, _ in found}
        ids |= {id_ for _, id_ in found}
    for name, values in ((AGES, codes), (GONE, listed_codes("gone"))):
        connection.execute(f"SET VARIABLE {name} = ?::VARCHAR[]", [sorted(values)])
    return frozenset(ids)


def is_listed(variable: str, system: str, code: str) -> str:
    """Write whether a code of FHIR is one of those that a variable lists."""
    vocabularies = " ".join(
        f"WHEN {system} IN ({uris(name)}) THEN {text(name + '|')}"
        for name in ("LOINC", "SNOMED")
    )
    return (
        f"coalesce(list_contains(getvariable('{variable}'), "
        f"(CASE {vocabularies} END) || {code}), false)"
    )


def place_rank(value: str) -> str:
    """Write a percentile rank of a place as the middle of its quarter.

    An exact rank would name the census tract, which is smaller than a state.
    """
    quarter = f"least(floor({value} * 4), 3)"
    return f"CASE WHEN {value} BETWEEN 0 AND 1 THEN ({quarter} + 0.5) / 4 END"


class Number:
    """One number, and what is known of it; each is an SQL expression.

    Parameters
    ----------
    plan : DeidentifyPlan
    value : str
        A number, or NULL.
    units : sequence of str
        Texts of its unit as given; none for a bare number.
    kept : sequence of str
        The same as they are kept: NULL where the unit is taken away.
    aged : str
        Whether its code is that of an age.
    gone : str
        Whether it is one whose number is not kept at all.
    ranked : str
        Whether it is that of a rank of a place.
    unknown : str
        Whether its code has been taken away.
    """

    def __init__(
        self,
        plan: DeidentifyPlan,
        value: str,
        *,
        units: Sequence[str] = (),
        kept: Sequence[str] = (),
        aged: str = "false",
        gone: str = "false",
        ranked: str = "false",
        unknown: str = "false",
    ) -> None:
        self._plan = plan
        self._value = value
        self._units = tuple(units)
        self._kept = tuple(kept)
        self._aged = aged
        self._gone = gone
        self._ranked = ranked
        self._unknown = unknown

    def shown(self) -> str:
        """Write the number as it may be shown; NULL where it may not."""
        value, limit = self._value, self._limit()
        return (
            f"CASE WHEN {self._ranked} THEN {place_rank(value)} "
            f"WHEN {self._gone} OR abs({value}) >= {_IDENTIFYING} THEN NULL "
            f"WHEN {value} > {limit} THEN {limit} ELSE {value} END"
        )

    def changed(self) -> str:
        """Write whether it must not be shown as it is."""
        return (
            f"({self._ranked} OR {self._gone} OR abs({self._value}) >= {_IDENTIFYING} "
            f"OR coalesce({self._value} > {self._limit()}, false))"
        )

    def _limit(self) -> str:
        """Write the highest number that may be shown; NULL where there is none."""
        cases = [case for unit in self._units for case in _lasting(unit)]
        cases.append(f"WHEN {self._aged} THEN {_OLDEST}")
        if self._plan.mode == "safe_harbor":
            bare = " AND ".join(f"coalesce({each}, '1') = '1'" for each in self._kept)
            unknown = f"{self._unknown} AND {bare or 'true'}"
            cases.append(f"WHEN {unknown} THEN {_OLDEST}")
        return f"(CASE {' '.join(cases)} END)"


def _lasting(unit: str) -> Iterable[str]:
    for each, names in _A_YEAR.items():
        listed = ", ".join(text(name) for name in names)
        yield f"WHEN lower(trim({unit})) IN ({listed}) THEN {_OLDEST * each:.10g}"
