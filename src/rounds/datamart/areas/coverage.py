"""Whose neighbourhood an area table knows, in numbers and in words.

What areas say is joined where a snapshot is read (`store.areas`). Here is told how far
that reaches: it is of an area, of one vintage, and of the present address.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np

from rounds.datamart.derived import derived_from
from rounds.datamart.store.areas import AREAS, KINDS, standings
from rounds.datamart.unanswered import unreadable
from rounds.nouns import Period

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.datamart.rows import MeasureRows

__all__ = [
    "area_coverage",
    "area_notes",
    "area_sentences",
    "coverage_sentences",
    "coverage_words",
]

_SVI: Final = "RPL_THEMES"
"""The measure that strata of social vulnerability are made of."""
_FEWEST: Final = 400
"""Of fewer patients no share is told: 5% of them would be few."""
_STEP: Final = 5
"""Shares are told in steps of so many per cent."""
_SAID: Final = {
    "own": "own record",
    "area": "of the area",
    "no address": "no address",
    "no code": "address without a ZIP Code or census tract that can be read",
    "no value": "area to which the table gives no value",
    "unknown area": "area that the table does not know",
    "later": "value of later days alone",
}


def area_coverage(datamart: Any, measure: str = _SVI) -> dict[str, int] | None:
    """Count where persons have an area's value from, or why they have none.

    Parameters
    ----------
    datamart : Datamart
        Open.
    measure : str
        As the area tables name it.

    Returns
    -------
    dict of str to int or None
        Persons by standing, exact: `own`, `area`, `no address`, `no code`, `no value`,
        `unknown area`. None where no area table speaks of the measure.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    if not _vintages(datamart, measure):
        return None
    counted = Counter(_standings(datamart, measure)[1].tolist())
    return {name: counted[name] for name in _SAID if counted[name]}


def coverage_sentences(datamart: Any) -> list[str]:
    """Say how far the areas' index reaches: in shares that tell no small number.

    Returns
    -------
    list of str
        One sentence; none where no area table speaks of the index.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    return coverage_words(area_coverage(datamart) or {})


def area_sentences(datamart: Any) -> tuple[str, ...]:
    """Say that strata of the SVI are of areas: which, of which year and address.

    Returns
    -------
    tuple of str
        Nothing where no area table speaks of the index.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    found = _vintages(datamart, _SVI)
    if not found:
        return ()
    years = {
        kind: ", ".join(str(year) for each, year in found if each == kind)
        for kind in KINDS
    }
    listed = [f"{said} ({years[kind]})" for kind, said in KINDS.items() if years[kind]]
    said = (
        "Where a patient has no social vulnerability index of his or her own, it is "
        f"that of the area of the present address, by {' or '.join(listed)}: it is no "
        "person's, and whoever moved counts where he or she lives now."
    )
    return (said,)


def area_notes(datamart: Any, rows: "MeasureRows", period: Period) -> tuple[str, ...]:
    """Say of a measure's patients how far areas tell of their neighbourhoods.

    Parameters
    ----------
    datamart : Datamart
        Open.
    rows : MeasureRows
        A measure's; those in the denominator are spoken of.
    period : Period
        Of the measure.

    Returns
    -------
    tuple of str
        Limitations, in which a share stands in steps of 5%, and none where there are
        fewer than 400 patients: no sentence tells a small number. Nothing where the
        datamart has no area table of the social vulnerability index.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    said = list(area_sentences(datamart))
    if not said:
        return ()
    first = min(year for _, year in _vintages(datamart, _SVI))
    if period.start.year < first:
        said.append(
            f"The first vintage of the areas' index is of {first}, and the period "
            f"begins in {period.start.year}: the index of {first} stands for the years "
            "before it."
        )
    counted = np.asarray(rows.denominator)
    persons = np.asarray(rows.person_id)[counted]
    ids, words, own_days = _standings(datamart, _SVI)
    standing = _of(persons, ids, words)
    index = np.asarray(rows.index_date)[counted]
    not_yet = (standing == "own") & (_of(persons, ids, own_days) > index)
    standing = np.where(not_yet, "area", standing)  # What is read on that day.
    unknown = np.asarray(rows.svi_quartile)[counted] == 0
    placed = np.isin(standing, ("own", "area"))
    standing = np.where(unknown & placed, "later", standing)
    said += coverage_words(Counter(standing.tolist()))
    return tuple(said)


def coverage_words(counts: Mapping[str, int]) -> list[str]:
    """Say in one sentence where the index comes from, and why it is not known.

    Parameters
    ----------
    counts : mapping of str to int
        Patients by standing, as `area_coverage` counts them.

    Returns
    -------
    list of str
        One sentence; none where there is nobody.

    Examples
    --------
    >>> coverage_words({"area": 900, "no address": 100})
    ['SVI, share of patients to the nearest 5%: of the area 90%, no address 10%.']
    """
    total = sum(counts.values())
    if not total:
        return []
    ordered = sorted((-n, name) for name, n in counts.items() if n)
    if total >= _FEWEST:
        shares = [f"{_SAID[name]} {_share(-n, total)}" for n, name in ordered]
        return [f"SVI, share of patients to the nearest 5%: {', '.join(shares)}."]
    listed = ", ".join(_SAID[name] for _, name in ordered)
    said = "SVI, from the most frequent on, of too few patients to tell shares"
    return [f"{said}: {listed}."]


def _share(n: int, total: int) -> str:
    percent = _STEP * round(100 * n / total / _STEP)
    if percent == 0:
        return "few"
    return "nearly all" if percent == 100 else f"{percent}%"


def _vintages(datamart: Any, measure: str) -> list[tuple[str, int]]:
    """Give kind and vintage of each area table that speaks of a measure."""
    sources: Sequence[Any] = getattr(datamart, "sources", ())
    if not any(source.shape == AREAS for source in sources):
        return []
    try:
        found = derived_from(datamart).ask(
            "SELECT kind, measure, vintage FROM rounds_area_measure ORDER BY ALL"
        )
    except duckdb.Error as error:
        raise unreadable(error) from None
    return [(kind, year) for kind, named, year in found if named == measure]


def _standings(
    datamart: Any, measure: str
) -> "tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.datetime64]]":
    """Give each person's id, standing, and first day of an own value (NaT: none)."""
    try:
        found = derived_from(datamart).read({}, standings(measure), {})
    except duckdb.Error as error:
        raise unreadable(error) from None
    ids = np.asarray(found["person_id"]).astype(np.int64)
    days = np.ma.filled(found["own_day"].astype("datetime64[D]"), np.datetime64("NaT"))
    return ids, np.asarray(found["standing"]).astype(str), days


def _of(
    persons: "NDArray[np.int64]", ids: "NDArray[np.int64]", told: "NDArray[Any]"
) -> "NDArray[Any]":
    """Give what is told of each person; all of a measure's are in the datamart."""
    order = np.argsort(ids, kind="stable")
    place = np.searchsorted(ids[order], persons)
    found: NDArray[Any] = told[order][place]
    return found
