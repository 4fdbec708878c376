"""What a funnel of units says: every number for machines, two sentences for people."""

from typing import Any

import numpy as np

from rounds.loop.problem.comparing import Compared
from rounds.methods.ratio import observed_to_expected

__all__ = ["as_numbers", "notes", "sentences", "written"]

_NAMED = 5
_SIDES = {-1: "below", 0: "within", 1: "above"}


def sentences(found: Compared) -> tuple[str, str]:
    """Say in two sentences what the funnel shows, and what it does not.

    Parameters
    ----------
    found : Compared
        Units against their limits.

    Returns
    -------
    pair of str
        For a reader without statistics; each claim is a number of `found`.
    """
    n = len(found.names)
    above, below = found.named(1), found.named(-1)
    count = len(above) + len(below)
    where = f"outside the limits around {_centre(found)}"
    if count:
        lists = [
            f"{_listed(names)} ({side})"
            for names, side in ((above, "above"), (below, "below"))
            if names
        ]
        lie = "lies" if count == 1 else "lie"
        first = f"{count} of the {n} units {lie} {where}: {', '.join(lists)}."
    else:
        first = f"None of the {n} units lies {where}; they may differ all the same."
    if found.comparison.chance_alone:
        times = f"{(1 - found.comparison.levels[-1]) * 1000:.3g}"
        second = f"Chance alone would put a unit there at most {times} times in 1,000"
    else:
        # No rate is told: with an estimated spread it is a little above nominal.
        second = "The limits leave room for chance and for how units mostly differ"
    return first, f"{second}; this does not tell why one is out there."


def notes(found: Compared) -> tuple[str, ...]:
    """Say what a careful reader asks next.

    Parameters
    ----------
    found : Compared
        Units against their limits.

    Returns
    -------
    tuple of str
        Over-dispersion, calls among many units, units that tell little, and whether an
        expectation fits the units as a whole.
    """
    comparison = found.comparison
    said = []
    phi = comparison.dispersion.phi
    if not comparison.chance_alone:
        said.append(
            f"Units differ by more than chance (over-dispersion {phi:.2f}); the limits "
            f"are widened for it ({comparison.overdispersion})."
        )
    elif comparison.overdispersion == "none" and phi > 1:
        said.append(
            f"Over-dispersion is {phi:.2f}, and the limits are those of chance alone: "
            "units that differ in ordinary ways may lie outside."
        )
    if not comparison.chance_alone and len(found.names) < 10:
        said.append(
            f"How much units usually differ is uncertain from {len(found.names)} units."
        )
    called = int((found.q_value <= 0.05).sum())
    said.append(
        f"Allowing for {len(found.names)} comparisons, {called} would be called at a "
        "false discovery rate of 5%."
    )
    small = int(found.too_small.sum())
    if small:
        one = "1 unit is" if small == 1 else f"{small} units are"
        said.append(
            f"{one} too small to show any but a very large difference: shown here, and "
            "neither praised nor blamed for lying within."
        )
    said.append(
        "The comparison is only as fair as the numbers that were expected."
        if comparison.family == "ratio"
        else "Who the patients are is not taken into account."
    )
    if found.empty:
        said.append(f"Nothing to compare in {_listed(list(found.empty))}: no size.")
    if comparison.family == "ratio":
        ratio, low, high = observed_to_expected(
            int(found.events.sum()), float(comparison.size.sum())
        )
        if not low <= comparison.target <= high:
            said.append(
                f"All units together have {ratio:.3g} times what was expected (95% "
                f"interval {low:.3g} to {high:.3g}): the expectation does not fit them "
                "as a whole."
            )
    return tuple(said)


def as_numbers(found: Compared) -> dict[str, Any]:
    """Give every number that the picture shows, at full precision.

    Parameters
    ----------
    found : Compared
        Units against their limits.

    Returns
    -------
    dict
        Plain values, as JSON holds them.
    """
    comparison = found.comparison
    units = [
        {
            "unit": name,
            "numerator": int(found.events[i]),
            "size": float(comparison.size[i]),
            "value": float(comparison.value[i]),
            "interval": {
                "level": 0.95,
                "lower": float(found.lower[i]),
                "upper": float(found.upper[i]),
            },
            "z": float(comparison.z[i]),
            "p_value": float(comparison.p_value[i]),
            "q_value": float(found.q_value[i]),
            "limits": _limits(comparison.levels, comparison.lower, comparison.upper, i),
            "side": {
                f"{level:.6g}": _SIDES[int(comparison.sides[at, i])]
                for at, level in enumerate(comparison.levels)
            },
            "too_small_to_tell": bool(found.too_small[i]),
        }
        for i, name in enumerate(found.names)
    ]
    curves = [
        {
            "size": float(size),
            "limits": _limits(
                comparison.levels, found.curve_lower, found.curve_upper, i
            ),
        }
        for i, size in enumerate(found.curve)
    ]
    return {
        "source": found.sheet,
        "family": comparison.family,
        "target": comparison.target,
        "target_is": "given" if found.target_given else _pooled(found),
        "overdispersion": {
            "method": comparison.overdispersion,
            "phi": comparison.dispersion.phi,
            "tau2": comparison.dispersion.tau2,
            "winsorised": 0.1,
        },
        "limits_are": "exact" if comparison.chance_alone else "widened",
        "levels": list(comparison.levels),
        "n_units": len(units),
        "units": units,
        "not_compared": list(found.empty),
        "curves": curves,
        "summary": list(sentences(found)),
        "notes": list(notes(found)),
    }


def written(found: Compared, value: float) -> str:
    """Write a value as its family is read: a proportion in percent.

    Parameters
    ----------
    found : Compared
        Says which family it is.
    value : float
        A value, target or limit.

    Returns
    -------
    str
        With three significant digits or one decimal of a percent.
    """
    if found.comparison.family == "proportion":
        return f"{value * 100:.1f}%"
    return f"{value:.3g}" if value else "0"


def _limits(
    levels: tuple[float, ...], lower: np.ndarray, upper: np.ndarray, i: int
) -> list[dict[str, float]]:
    return [
        {"level": level, "lower": float(lower[at, i]), "upper": float(upper[at, i])}
        for at, level in enumerate(levels)
    ]


def _centre(found: Compared) -> str:
    if found.target_given:
        return f"the target of {written(found, found.comparison.target)}"
    if found.comparison.family == "ratio":
        return "what was expected"
    return f"the average of {written(found, found.comparison.target)}"


def _pooled(found: Compared) -> str:
    return "expected" if found.comparison.family == "ratio" else "pooled"


def _listed(names: list[str]) -> str:
    rest = len(names) - _NAMED
    shown = names[:_NAMED] + ([f"{rest} more"] if rest > 0 else [])
    if len(shown) == 1:
        return shown[0]
    return ", ".join(shown[:-1]) + " and " + shown[-1]
