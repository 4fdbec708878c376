"""Columns of a case-mix model: age, sex, neighbourhood.

Age enters as a parabola, a sex and a quartile of vulnerability as themselves, what is
not recorded as a group of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.rows import MeasureRows
from rounds.nouns import NotEstimable

__all__ = ["Adjusted", "Columns", "columns_of", "in_words"]

Adjusted = Literal["age", "sex", "svi_quartile", "diagnoses"]
_WORDS = {
    "age": "age",
    "sex": "sex",
    "svi_quartile": "social vulnerability",
    "diagnoses": "diagnoses",
}

_FEWEST_UNKNOWN = 20
"""With fewer whose characteristic is not recorded, they are taken to be as the others;
with more they have a coefficient of their own."""

Columns = dict[str, NDArray[np.float64]]
"""Name → shape (n_patients,)."""


def in_words(characteristics: Sequence[Adjusted]) -> str:
    """List characteristics: `age and sex`."""
    words = [_WORDS[each] for each in characteristics]
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def columns_of(
    rows: MeasureRows,
    characteristics: Sequence[Adjusted],
    counted: NDArray[np.bool_],
) -> dict[Adjusted, Columns] | NotEstimable:
    """Give a model's columns of what patients are, beside their diagnoses.

    Parameters
    ----------
    rows : MeasureRows
        Patients.
    characteristics : sequence of {"age", "sex", "svi_quartile"}
        What is asked for.
    counted : ndarray of bool, shape (n_rows,)
        Who is in the denominator.

    Returns
    -------
    dict, or NotEstimable
        By characteristic, without those that all are alike in: name → column, shape
        (n_patients,). The reason where nobody's is known, or nothing is left.
    """
    found: dict[Adjusted, Columns] = {}
    for each in characteristics:
        made = _COLUMNS[each](rows, counted)
        if made is None:
            return NotEstimable(
                reason=f"Not adjusted for {in_words(characteristics)}: nobody's "
                f"{_WORDS[each]} is known."
            )
        if made:
            found[each] = made
    if not found:
        return NotEstimable(
            reason=f"Not adjusted for {in_words(characteristics)}: all patients are "
            "alike in it."
        )
    return found


def _age(rows: MeasureRows, counted: NDArray[np.bool_]) -> Columns | None:
    age = np.asarray(rows.age)[counted].astype(float)
    known = age >= 0
    if not known.any():
        return None
    if np.ptp(age[known]) == 0:
        return {}
    decades = np.where(known, (age - age[known].mean()) / 10, 0.0)
    bent = np.where(known, decades**2 - (decades[known] ** 2).mean(), 0.0)
    columns = {"age": decades}
    if np.unique(age[known]).size > 2:
        columns["age squared"] = bent
    return columns | _unknown("age not recorded", known)


def _sex(rows: MeasureRows, counted: NDArray[np.bool_]) -> Columns | None:
    sex = np.asarray(rows.sex)[counted]
    known = sex != ""
    if not known.any():
        return None
    if np.unique(sex[known]).size < 2:
        return {}
    man = (sex == "M").astype(float)
    share = man[known].mean()
    return {"sex": np.where(known, man - share, 0.0)} | _unknown(
        "sex not recorded", known
    )


def _svi_quartile(rows: MeasureRows, counted: NDArray[np.bool_]) -> Columns | None:
    quartile = np.asarray(rows.svi_quartile)[counted]
    known = quartile > 0
    if not known.any():
        return None
    there = np.unique(quartile[known])
    columns: Columns = {}
    for each in there[1:].tolist():
        own = (quartile == each).astype(float)
        columns[f"SVI quartile {each}"] = np.where(known, own - own[known].mean(), 0.0)
    return columns and columns | _unknown("SVI not known", known)


_COLUMNS: Mapping[
    Adjusted, Callable[[MeasureRows, NDArray[np.bool_]], Columns | None]
] = {"age": _age, "sex": _sex, "svi_quartile": _svi_quartile}


def _unknown(name: str, known: NDArray[np.bool_]) -> Columns:
    if (~known).sum() < _FEWEST_UNKNOWN:
        return {}
    return {name: (~known).astype(float)}
