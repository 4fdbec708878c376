"""Where a trial may stop at each of several looks, as a person asks for it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rounds.methods.sequential import (
    Boundaries,
    Characteristics,
    HwangShihDeCani,
    KimDeMets,
    LanDeMetsOBrienFleming,
    LanDeMetsPocock,
    Spending,
    as_planned,
    characteristics,
    shaped_bounds,
    spending_bounds,
    with_futility,
)
from rounds.nouns.errors import DefinitionError

__all__ = [
    "BoundsAsked",
    "BoundsFound",
    "FutilityName",
    "SpendingName",
    "find_bounds",
    "read_looks",
    "spending_of",
]

FutilityName = Literal["lan-demets-of", "lan-demets-pocock", "hsd", "kim-demets"]
SpendingName = Literal[
    "obrien-fleming",
    "pocock",
    "lan-demets-of",
    "lan-demets-pocock",
    "hsd",
    "kim-demets",
]
_SHAPES = {"obrien-fleming": 0.0, "pocock": 0.5}
_MOST_LOOKS = 200
_LEAST_ALPHA = 1e-9
"""Below it the integrals have no digits to tell."""


@dataclass(frozen=True, kw_only=True)
class BoundsAsked:
    """What is wanted of bounds."""

    looks: tuple[float, ...]
    """Information at each look, as a share of the planned maximum, increasing."""
    spending: SpendingName = "lan-demets-of"
    gamma: float | None = None
    """Of hsd and kim-demets."""
    alpha: float = 0.025
    """Type I error of all looks and sides together."""
    sides: Literal[1, 2] = 1
    planned: tuple[float, ...] | None = None
    """Looks for which obrien-fleming or pocock were planned, if others happen."""
    last: bool = False
    """Whether the last look ends the trial though it comes before fraction 1."""
    power: float | None = None
    futility: FutilityName | None = None
    futility_gamma: float | None = None
    binding: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundsFound:
    """Bounds, and what they cost and save where a power was asked for."""

    asked: BoundsAsked
    bounds: Boundaries
    cost: Characteristics | None


def read_looks(text: str, option: str = "--looks") -> tuple[float, ...]:
    """Read looks as a person writes them: fractions, or how many equal steps.

    Parameters
    ----------
    text : str
        "0.5,0.75,1", or "5" for five.
    option : str
        Where it was written.

    Returns
    -------
    tuple of float
        As written; whether they increase is for `find_bounds` to say.

    Raises
    ------
    DefinitionError
        If they are no numbers, or none, or too many.

    Examples
    --------
    >>> read_looks("4")
    (0.25, 0.5, 0.75, 1.0)
    >>> read_looks("0.5, 1")
    (0.5, 1.0)
    """
    words = text.strip()
    if words.isdecimal() and len(words) < 9:
        count = int(words)
        if 1 <= count <= _MOST_LOOKS:
            return tuple((np.arange(1, count + 1) / count).tolist())
        raise _not_looks(f"{option} {text!r} is not 1 to {_MOST_LOOKS} looks.")
    try:
        looks = tuple(float(part) for part in words.split(","))
    except ValueError:
        raise _not_looks(f"{option} {text!r} is not a list of fractions.") from None
    if len(looks) > _MOST_LOOKS:
        raise _not_looks(f"{option} names {len(looks)} looks; {_MOST_LOOKS} are most.")
    return looks


def find_bounds(asked: BoundsAsked) -> BoundsFound:
    """Give bounds, once everything that is asked fits together.

    Parameters
    ----------
    asked : BoundsAsked
        Looks, error, and how it is spent.

    Returns
    -------
    BoundsFound
        With futility, and with what it costs, where they are asked for.

    Raises
    ------
    DefinitionError
        If looks, error, spending or power cannot be used, or not together.
    """
    _check_looks(asked)
    if not _LEAST_ALPHA <= asked.alpha <= 0.5:
        raise DefinitionError(
            f"alpha is {asked.alpha:g}; it lies between {_LEAST_ALPHA:g} and 0.5.",
            code="bounds-alpha",
            why="It is the chance that any look shows an effect where there is none.",
            remedies=(
                "Take 0.025 with one side, which is usual, or 0.05 with two.",
                "Write a share, not a percentage: 0.025 for 2.5%.",
            ),
        )
    _check_power(asked)
    plan = _plan(asked)
    if asked.power is None:
        return BoundsFound(asked=asked, bounds=plan, cost=None)
    if asked.futility is None:
        cost = characteristics(plan, power=asked.power)
        return BoundsFound(asked=asked, bounds=plan, cost=cost)
    beta = spending_of(asked.futility, asked.futility_gamma, "--futility-gamma")
    bounds, effect = _futile(plan, beta, asked.power, binding=asked.binding)
    cost = characteristics(bounds, power=asked.power, effect=effect)
    return BoundsFound(asked=asked, bounds=bounds, cost=cost)


def _futile(
    plan: Boundaries, beta: Spending, power: float, *, binding: bool
) -> tuple[Boundaries, float]:
    try:
        return with_futility(plan, beta, power=power, binding=binding)
    except ValueError:
        # So little power that declaring futility takes away more than there is.
        raise _bad_power(
            f"With futility spent like this no effect is shown with a power of "
            f"{power:g}.",
            "Take 0.8 or 0.9.",
            "Spend futility later: --futility lan-demets-of.",
        ) from None


def _plan(asked: BoundsAsked) -> Boundaries:
    shape = _SHAPES.get(asked.spending)
    if shape is None:
        if asked.planned is not None:
            raise _bad_spending(
                f"--planned is of no use to {asked.spending}, which holds its error "
                "wherever looks happen.",
                "Leave --planned away.",
            )
        how = spending_of(asked.spending, asked.gamma, "--gamma")
    else:
        _no_gamma(asked.spending, asked.gamma, "--gamma")
        planned = asked.planned or asked.looks
        plan = shaped_bounds(planned, alpha=asked.alpha, sides=asked.sides, shape=shape)
        if asked.planned is None:
            return plan
        how = as_planned(plan)
    return spending_bounds(
        asked.looks, how, alpha=asked.alpha, sides=asked.sides, last=asked.last
    )


def spending_of(name: str, gamma: float | None, option: str = "gamma") -> Spending:
    """Give a way of spending an error by its name.

    Parameters
    ----------
    name : str
        One of `FutilityName`.
    gamma : float or None
        Of hsd and kim-demets.
    option : str
        Where gamma was written.

    Raises
    ------
    DefinitionError
        If gamma is missing, out of its range, or of no use.

    Examples
    --------
    >>> spending_of("kim-demets", 2.0)([0.5, 1.0], 0.02).tolist()
    [0.005, 0.02]
    """
    if name in {"hsd", "kim-demets"}:
        return _with_gamma(name, gamma, option)
    _no_gamma(name, gamma, option)
    return LanDeMetsOBrienFleming() if name == "lan-demets-of" else LanDeMetsPocock()


def _with_gamma(name: str, gamma: float | None, option: str) -> Spending:
    usual = "-4" if name == "hsd" else "3"
    remedy = f"{option} {usual} is near O'Brien and Fleming, {option} 1 "
    remedy += "near Pocock." if name == "hsd" else "spends evenly."
    if gamma is None:
        raise _bad_spending(f"{name} needs {option}.", remedy)
    try:
        return HwangShihDeCani(gamma) if name == "hsd" else KimDeMets(gamma)
    except ValueError:
        span = "between -40 and 40" if name == "hsd" else "above 0"
        raise _bad_spending(
            f"{option} is {gamma:g}; of {name} it is a number {span}.", remedy
        ) from None


def _no_gamma(name: str, gamma: float | None, option: str) -> None:
    if gamma is not None:
        raise _bad_spending(
            f"{name} has no {option}.",
            f"Leave {option} away.",
            "Spend by a family that has one: hsd, or kim-demets.",
        )


def _check_looks(asked: BoundsAsked) -> None:
    for option, looks in (("--looks", asked.looks), ("--planned", asked.planned)):
        if looks is None:
            continue
        t = np.asarray(looks, dtype=float)
        steps = np.diff(t, prepend=0.0)
        if not t.size or not np.isfinite(t).all() or not (steps > 0).all():
            raise _not_looks(f"{option}: fractions are numbers above 0 that increase.")
        if t[-1] > 1 + 1e-9:
            raise _not_looks(
                f"{option} ends at {t[-1]:g}: a fraction of the planned information "
                "is at most 1."
            )
        if (steps < 1e-3 * t).any():
            raise _not_looks(
                f"{option} has two looks closer than a thousandth of the information."
            )
    whole = asked.planned or asked.looks
    ends = abs(whole[-1] - 1) <= 1e-9
    if asked.spending in _SHAPES and not ends:
        raise _not_looks(
            f"Bounds of {asked.spending} are made for looks up to fraction 1; these "
            f"end at {whole[-1]:g}.",
            "Name the planned looks as well: --planned 0.5,1.",
        )
    if asked.power is not None and abs(asked.looks[-1] - 1) > 1e-9:
        raise _not_looks(
            f"A power is of a plan whose last look is at fraction 1, not at "
            f"{asked.looks[-1]:g}.",
            "Leave --power away while the trial is under way.",
        )


def _check_power(asked: BoundsAsked) -> None:
    side = asked.alpha / asked.sides
    if asked.power is not None and not side < asked.power < 1:
        raise _bad_power(
            f"The power is {asked.power:g}; it lies between {side:g}, the error of "
            "one side, and 1.",
            "Take 0.8 or 0.9.",
        )
    if asked.futility is None:
        if asked.binding or asked.futility_gamma is not None:
            raise _bad_power(
                "--binding and --futility-gamma are of futility, which is not asked "
                "for.",
                "Name how it is spent: --futility lan-demets-of.",
            )
        return
    if asked.power is None or asked.sides == 2:
        raise _bad_power(
            "Futility is found for one side and a power that it must not take away.",
            "Write --sides 1 --power 0.8.",
        )


def _not_looks(what: str, *more: str) -> DefinitionError:
    return DefinitionError(
        what,
        code="bounds-looks",
        why="Bounds hold for the information that there is at each look.",
        remedies=(
            *more,
            "Write fractions of the planned information: --looks 0.5,0.75,1.",
            "Write how many equal steps there are: --looks 4.",
        ),
    )


def _bad_spending(what: str, *remedies: str) -> DefinitionError:
    return DefinitionError(what, code="bounds-spending", remedies=remedies)


def _bad_power(what: str, *remedies: str) -> DefinitionError:
    return DefinitionError(what, code="bounds-power", remedies=remedies)
