"""Who is in each count of a cohort, for the gate that compares questions."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.cohorts.counting import AGE_BAND, SEX
from rounds.datamart.cohorts.reading import Reading
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import Cohort

__all__ = ["CohortMembers", "members"]

CohortMembers: TypeAlias = dict[str, tuple[PersonSum, ...]]
"""The sums behind each line of a cohort's result, by the line's name."""

_ENTERED: Final = """
SELECT person_id, inclusion_rule_mask AS met, event_count FROM {attrition}
WHERE cohort_definition_id = $1 AND person_id NOT IN (FROM left_out)
"""
_WHOLE: Final = f"""
SELECT person_id, periods, {SEX} AS sex, {AGE_BAND} AS age
FROM members JOIN {{cdm}}.person USING (person_id)
WHERE cohort_definition_id = $1
"""


def members(reading: Reading, cohorts: Sequence[Cohort]) -> list[CohortMembers]:
    """Give the persons behind the counts that `count` has made on this reading.

    Returns
    -------
    list of dict of str to tuple of PersonSum
        One each: `step N persons`, `step N events` and `step N alone` from 0, the entry
        events; `persons`, `periods`, `sex LABEL` and `age LABEL`.
    """
    return [
        dict(_steps(reading, n, len(cohort.inclusion_rules))) | dict(_whole(reading, n))
        for n, cohort in enumerate(cohorts, 1)
    ]


def _steps(
    reading: Reading, number: int, n_rules: int
) -> Iterator[tuple[str, tuple[PersonSum, ...]]]:
    found = _columns(reading, _ENTERED, number)
    persons, met = found["person_id"], found["met"].astype(np.int64)
    for rule in range(n_rules + 1):
        upto = (1 << rule) - 1
        kept = (met & upto) == upto
        alone = (met & (upto - (upto >> 1))) != 0 if rule else kept
        events = found["event_count"][kept]
        yield f"step {rule} persons", (_persons(persons[kept]),)
        yield f"step {rule} events", (PersonSum.of(persons[kept], events),)
        yield f"step {rule} alone", (_persons(persons[alone]),)


def _whole(
    reading: Reading, number: int
) -> Iterator[tuple[str, tuple[PersonSum, ...]]]:
    found = _columns(reading, _WHOLE, number)
    persons = found["person_id"]
    yield "persons", (_persons(persons),)
    yield "periods", (PersonSum.of(persons, found["periods"]),)
    for split in ("sex", "age"):
        labels = found[split].astype(str)
        for label in np.unique(labels).tolist():
            yield f"{split} {label}", (_persons(persons[labels == label]),)


def _columns(reading: Reading, query: str, number: int) -> dict[str, NDArray[Any]]:
    asked = reading.cursor.execute(query.format(**reading.places), [number])
    return dict(asked.fetchnumpy())


def _persons(persons: NDArray[Any]) -> PersonSum:
    """Count each person once."""
    return PersonSum.of(np.unique(persons))
