"""Where a trial may stop at each of several looks, as a person asks for it."""

from dataclasses import dataclass

from rounds.loop.evaluation.looks.bounds_asked import (
    SHAPES,
    BoundsAsked,
    FutilityName,
    SpendingName,
    bad_power,
    bad_spending,
    check_asked,
    read_looks,
    read_numbers,
)
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

__all__ = [
    "BoundsAsked",
    "BoundsFound",
    "FutilityName",
    "SpendingName",
    "find_bounds",
    "read_looks",
    "read_numbers",
    "spending_of",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundsFound:
    """Bounds, and what they cost and save where a power was asked for."""

    asked: BoundsAsked
    bounds: Boundaries
    cost: Characteristics | None


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
    check_asked(asked)
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
        raise bad_power(
            f"With futility spent like this no effect is shown with a power of "
            f"{power:g}.",
            "Take 0.8 or 0.9.",
            "Spend futility later: --futility lan-demets-of.",
        ) from None


def _plan(asked: BoundsAsked) -> Boundaries:
    shape = SHAPES.get(asked.spending)
    if shape is None:
        if asked.planned is not None:
            raise bad_spending(
                f"--planned is of no use to {asked.spending}, which holds its error "
                "wherever looks happen.",
                "Leave --planned away.",
            )
        how = spending_of(asked.spending, asked.gamma, "--gamma")
    else:
        _no_gamma(asked.spending, asked.gamma, "--gamma")
        if asked.planned is None and (asked.times or asked.df):
            raise bad_spending(
                f"{asked.spending} has its shape at the looks of a plan, by the "
                "information and the normal law; --times and --df are of no use to it.",
                "Name the looks that were planned: --planned 0.5,1.",
                "Spend wherever looks happen: --spending lan-demets-of.",
            )
        planned = asked.planned or asked.looks
        plan = shaped_bounds(planned, alpha=asked.alpha, sides=asked.sides, shape=shape)
        if asked.planned is None:
            return plan
        how = as_planned(plan)
    return spending_bounds(
        asked.looks,
        how,
        alpha=asked.alpha,
        sides=asked.sides,
        last=asked.last,
        times=asked.times,
        df=asked.df_at_looks,
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
        raise bad_spending(f"{name} needs {option}.", remedy)
    try:
        return HwangShihDeCani(gamma) if name == "hsd" else KimDeMets(gamma)
    except ValueError:
        span = "between -40 and 40" if name == "hsd" else "above 0"
        raise bad_spending(
            f"{option} is {gamma:g}; of {name} it is a number {span}.", remedy
        ) from None


def _no_gamma(name: str, gamma: float | None, option: str) -> None:
    if gamma is not None:
        raise bad_spending(
            f"{name} has no {option}.",
            f"Leave {option} away.",
            "Spend by a family that has one: hsd, or kim-demets.",
        )
