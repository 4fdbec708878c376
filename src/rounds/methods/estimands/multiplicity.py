"""Several hypotheses at once: p-values adjusted for the family's error."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Procedure", "adjust", "gatekeeping"]

Floats = NDArray[np.float64]
Procedure = Literal["holm", "hochberg", "fixed-sequence"]


def adjust(p_values: ArrayLike, procedure: Procedure) -> Floats:
    """Adjust p-values of one family.

    Parameters
    ----------
    p_values : array of float, shape (k,)
        In [0, 1]; of a fixed sequence, in the order in which they are tested.
    procedure : {"holm", "hochberg", "fixed-sequence"}
        Holm's needs no assumption. Hochberg's rejects more, and needs tests that are
        independent or positively dependent. A fixed sequence tests each at the whole
        level, and stops at the first that is not rejected.

    Returns
    -------
    array of float, shape (k,)
        A hypothesis is rejected where its adjusted p-value is not above the level;
        the chance to reject any that is true is then at most the level.

    Raises
    ------
    ValueError
        If there is none, or one is not within [0, 1].

    References
    ----------
    Holm S (1979). Scandinavian Journal of Statistics 6:65-70. Hochberg Y (1988).
    Biometrika 75:800-802. Both as R's `p.adjust`, with which the tests compare.
    Maurer W, Hothorn LA, Lehmacher W (1995): a priori ordered hypotheses, as told in
    Dmitrienko A, D'Agostino RB (2013), Traditional multiplicity adjustment methods in
    clinical trials. Statistics in Medicine 32:5172-5218.

    Examples
    --------
    >>> [round(p, 3) for p in adjust([0.01, 0.04, 0.03], "holm").tolist()]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values are within 0 to 1, and there is at least one")
    if procedure == "fixed-sequence":
        return np.asarray(np.maximum.accumulate(p), dtype=float)
    order = np.argsort(p, kind="stable")
    grown = p[order] * (len(p) - np.arange(len(p)))
    if procedure == "holm":
        grown = np.maximum.accumulate(grown)
    else:
        grown = np.minimum.accumulate(grown[::-1])[::-1]
    found = np.empty(len(p))
    found[order] = np.minimum(grown, 1.0)
    return found


def gatekeeping(families: Sequence[ArrayLike]) -> list[Floats]:
    """Adjust p-values of families in order, each tested once all before are rejected.

    Parameters
    ----------
    families : sequence of array of float
        Each family's p-values; within one, Holm's procedure.

    Returns
    -------
    list of array of float
        Adjusted, in the same shapes.

    Raises
    ------
    ValueError
        As `adjust`; or if there is no family.

    References
    ----------
    Dmitrienko A, D'Agostino RB (2013), as of `adjust` (serial gatekeeping).

    Examples
    --------
    >>> [one.tolist() for one in gatekeeping([[0.03], [0.01, 0.2]])]
    [[0.03], [0.03, 0.2]]
    """
    if not families:
        raise ValueError("there is no family")
    found: list[Floats] = []
    gate = 0.0
    for family in families:
        found.append(np.maximum(adjust(family, "holm"), gate))
        gate = max(gate, float(found[-1].max()))
    return found
