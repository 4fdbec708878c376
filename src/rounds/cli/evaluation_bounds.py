"""`rounds evaluation bounds`: where a trial may stop, with no project and no data."""

from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import show, table, working

if TYPE_CHECKING:
    from rounds.loop.evaluation.looks.bounds import BoundsFound

__all__ = ["bounds_"]

# As in `rounds.loop.evaluation.looks.bounds`, whose import would cost every command.
Spending = Literal[
    "obrien-fleming",
    "pocock",
    "lan-demets-of",
    "lan-demets-pocock",
    "hsd",
    "kim-demets",
]
Futility = Literal["lan-demets-of", "lan-demets-pocock", "hsd", "kim-demets"]


def bounds_(
    *,
    looks: str,
    spending: Spending = "lan-demets-of",
    gamma: float | None = None,
    alpha: float = 0.025,
    sides: Literal[1, 2] = 1,
    planned: str | None = None,
    last: bool = False,
    power: float | None = None,
    futility: Futility | None = None,
    futility_gamma: float | None = None,
    binding: bool = False,
    times: str | None = None,
    df: str | None = None,
    json: bool = False,
) -> None:
    """Find the bounds at which a trial may stop at several looks; no data are needed.

    Looks that happen elsewhere than was planned: ask again with the fractions as they
    were and those still planned. A bound rests on its own and earlier looks alone.

    Parameters
    ----------
    looks
        Information at each look as a share of what is planned, 0.5,0.75,1; or how many
        equal steps, 5.
    spending
        The shape of the bounds (obrien-fleming, pocock: looks as planned), or how the
        error is spent wherever looks happen.
    gamma
        Of hsd (-4 late, 1 early) and kim-demets (3 late, 1 evenly).
    alpha
        Chance that any look shows an effect where there is none, on all sides.
    sides
        Whether an effect is looked for on one side or on both.
    planned
        The looks for which obrien-fleming or pocock were planned, if others happened.
    last
        The last look ends the trial, although it comes before all information.
    power
        Find the effect that is shown with this chance, and what looking costs.
    futility
        How the chance of missing the effect is spent on bounds below, to stop early.
    futility_gamma
        Of hsd and kim-demets, for futility.
    binding
        The trial will certainly stop for futility, so that upper bounds may be lower.
    times
        Share of the planned time at each look, 0.5,0.8,1: the error is then spent by
        the calendar, and information tells only how looks hang together.
    df
        Degrees of freedom of the estimate at each look, 6,8,9, or one number for all,
        where clusters are few. Bounds allow for it, and are told as Student's t too.
    json
        Print one JSON object.
    """
    from rounds.loop.evaluation.looks.bounds import (
        BoundsAsked,
        find_bounds,
        read_looks,
        read_numbers,
    )

    asked = BoundsAsked(
        looks=read_looks(looks),
        spending=spending,
        gamma=gamma,
        alpha=alpha,
        sides=sides,
        planned=None if planned is None else read_looks(planned, "--planned"),
        last=last,
        power=power,
        futility=futility,
        futility_gamma=futility_gamma,
        binding=binding,
        times=None if times is None else read_numbers(times, "--times"),
        df=None if df is None else read_numbers(df, "--df"),
    )
    with working("integrating over the looks"):
        found = find_bounds(asked)
        numbers = _numbers(found)
    show(numbers, _lines(found, numbers), as_json=json)


def _numbers(found: "BoundsFound") -> dict[str, Any]:
    from dataclasses import asdict

    asked, bounds, cost = found.asked, found.bounds, found.cost
    spent = bounds.spent
    null = bounds.exits(0.0)
    effect = None if cost is None else bounds.exits(cost.effect)
    df = asked.df_at_looks
    lower = bounds.lower if asked.sides == 2 or asked.futility else None
    return {
        "looks": [
            {
                "look": k + 1,
                "fraction": float(bounds.fractions[k]),
                "time": None if asked.times is None else asked.times[k],
                "df": None if df is None else df[k],
                "upper": _finite(bounds.upper[k]),
                "upper_t": None if df is None else _student(bounds.upper[k], df[k]),
                "lower": None if lower is None else _finite(lower[k]),
                "nominal_p": float(bounds.nominal[k]),
                "alpha_spent": float(spent[k]),
                "stops_above_no_effect": float(null.above[k]),
                "stops_below_no_effect": float(null.below[k]),
                "stops_above_effect": effect and float(effect.above[k]),
                "stops_below_effect": effect and float(effect.below[k]),
            }
            for k in range(bounds.fractions.size)
        ],
        "alpha": asked.alpha,
        "sides": asked.sides,
        "spending": asked.spending,
        "gamma": asked.gamma,
        "futility": asked.futility,
        "futility_gamma": asked.futility_gamma,
        "binding": asked.binding,
        "cost": None if cost is None else asdict(cost),
    }


def _finite(bound: float) -> float | None:
    """Give a bound, or None where nothing can reach it."""
    return float(bound) if abs(bound) != float("inf") else None


def _student(bound: float, df: float) -> float | None:
    """Give the t statistic that has the one-sided p-value of a bound in z."""
    from scipy.special import ndtr, stdtrit

    return _finite(-stdtrit(df, ndtr(-bound)))


def _lines(found: "BoundsFound", numbers: dict[str, Any]) -> list[str]:
    asked = found.asked
    header = ["look", "information"]
    header += ["time"] if asked.times else []
    header += ["df", "stop at t"] if asked.df else []
    header += ["stop at z", "one-sided p", "error spent"]
    header += ["futile at z"] if asked.futility else []
    header += ["shown if effect"] if found.cost else []
    rows = []
    for look in numbers["looks"]:
        row = [str(look["look"]), f"{look['fraction']:.3g}"]
        row += [f"{look['time']:.3g}"] if asked.times else []
        row += [f"{look['df']:.3g}", _told(look["upper_t"])] if asked.df else []
        row += [
            _told(look["upper"]),
            f"{look['nominal_p']:.2g}",
            f"{look['alpha_spent']:.3g}",
        ]
        row += [_told(look["lower"])] if asked.futility else []
        row += [f"{look['stops_above_effect']:.1%}"] if found.cost else []
        rows.append(tuple(row))
    lines = [*table(tuple(header), rows), ""]
    sides = "on either side" if asked.sides == 2 else "above"
    spent = numbers["looks"][-1]["alpha_spent"]
    lines.append(
        f"Stopping {sides} at these bounds shows an effect where there is none with "
        f"a chance of {spent:.3g}, all looks together."
    )
    return lines + _cost_lines(found)


def _told(bound: float | None) -> str:
    return "none" if bound is None else f"{bound:.3f}"


def _cost_lines(found: "BoundsFound") -> list[str]:
    asked, cost = found.asked, found.cost
    if cost is None:
        return []
    against = (
        f"Against one look with the same error and a power of {cost.power:.1%}: at "
        f"most {cost.inflation:.3f} times the information, and on average "
        f"{cost.expected_effect:.3f} times if the effect is there, "
        f"{cost.expected_null:.3f} times if there is none."
    )
    lines = [against]
    if asked.futility and asked.binding:
        lines.append(
            "Futility binds: the error is kept only if the trial stops whenever it is "
            "declared."
        )
    elif asked.futility:
        lines.append(
            "Futility does not bind: the error is kept whether or not it is obeyed."
        )
    return lines
