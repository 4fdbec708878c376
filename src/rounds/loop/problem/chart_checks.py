"""What a chart asks of the columns it is drawn from."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.problem.series import Series
from rounds.methods import spc
from rounds.nouns.errors import DataError, DefinitionError

__all__ = ["NAMES", "OF_COUNTS", "check_columns", "check_counts"]

OF_COUNTS = {"p", "p_prime", "u", "u_prime", "c"}
"""Charts of a numerator; the others are of a value."""
_SHARES = {"p", "p_prime"}
NAMES: dict[spc.Kind, str] = {
    "xmr": "XmR chart (individual values)",
    "mr": "mR chart (moving ranges)",
    "p": "p chart (shares)",
    "p_prime": "p′ chart (shares, Laney's limits)",
    "u": "u chart (rates)",
    "u_prime": "u′ chart (rates, Laney's limits)",
    "c": "c chart (counts)",
    "g": "g chart (cases between rare events)",
    "t": "t chart (time between rare events)",
    "xbar": "X̄ chart (means of subgroups)",
    "s": "S chart (spread within subgroups)",
    "ewma": "EWMA chart (weighted moving averages)",
}


def check_columns(series: Series, kind: spc.Kind) -> None:
    """See that a chart has the columns it is drawn from.

    Raises
    ------
    DefinitionError
        If it has not, or has a denominator that it makes no use of.
    """
    if kind == "c" and series.denominator is not None:
        raise DefinitionError(
            "A c chart has no denominator.",
            code="chart-columns",
            why="It takes every subgroup for equally large.",
            remedies=("Leave out --denominator, or ask for --chart u.",),
        )
    both = series.numerator is not None and series.denominator is not None
    if kind == "ewma":
        needs = "--value, or --numerator and --denominator"
        has = series.value is not None or both
    elif kind not in OF_COUNTS:
        needs, has = "--value", series.value is not None
    elif kind == "c":
        needs, has = "--numerator", series.numerator is not None
    else:
        needs = "--numerator and --denominator"
        has = both
    if not has:
        raise DefinitionError(
            f"A chart of kind {kind} needs {needs}.",
            code="chart-columns",
            remedies=(
                f"Name the columns with {needs}.",
                "Leave the choice to --chart auto.",
            ),
        )


def check_counts(series: Series, kind: spc.Kind) -> None:
    """See that rows hold what a chart of this kind can be drawn from.

    Raises
    ------
    DataError
        If a count is below 0, a denominator 0 or below, a numerator above the whole it
        is a share of, a time between events 0 or below, or cases between events no
        whole number.
    """
    x, n, v = series.numerator, series.denominator, series.value
    if kind == "ewma" and v is None:
        kind = "p"
    if kind in OF_COUNTS and n is not None:
        _refuse(
            series,
            n <= 0,
            "{have} a denominator of 0 or below",
            "Leave these rows out, and allow gaps.",
        )
    if kind in OF_COUNTS and x is not None:
        _refuse(series, x < 0, "{have} a count below 0", "Check the export.")
    if kind in _SHARES and x is not None and n is not None:
        either = "If events are counted over days or visits, ask for --chart u."
        _refuse(series, x > n, "{have} a numerator above the denominator", either)
        _refuse(
            series, n != np.round(n), "{have} a denominator that is not whole", either
        )
    if kind == "t" and v is not None:
        _refuse(
            series,
            v <= 0,
            "{have} a time of 0 or below",
            "Chart the cases between events with --chart g, or give the hours.",
        )
    if kind == "g" and v is not None:
        _refuse(
            series,
            (v < 0) | (v != np.round(v)),
            "{have} no whole number of cases",
            "Count the cases between one event and the next.",
        )


def _refuse(series: Series, wrong: NDArray[np.bool_], what: str, remedy: str) -> None:
    said = series.rows(wrong, what)
    if said:
        raise DataError(
            said,
            code="chart-counts",
            why="A chart of what cannot be would look like one of what is.",
            remedies=(remedy, "Correct these rows."),
        )
