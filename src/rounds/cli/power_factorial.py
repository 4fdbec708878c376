"""`rounds evaluation power --design factorial`: what two factors in one trial tell."""

from typing import TYPE_CHECKING, Any

from rounds.cli.output import show, working

if TYPE_CHECKING:
    from rounds.loop.evaluation.spreadsheet.planning_factorial import (
        FactorialPlan,
        FactorialPlanned,
        FactorialSimulated,
    )

__all__ = ["show_factorial_power"]


def show_factorial_power(
    asked: dict[str, Any], *, trials: int, seed: int, as_json: bool
) -> None:
    """Compute and show the power of a factorial trial.

    Parameters
    ----------
    asked : dict
        The fields of a `FactorialPlan`.
    trials, seed : int
        Of made trials; none where 0.

    Raises
    ------
    DefinitionError
        If a number is outside its range.
    """
    from dataclasses import asdict

    from rounds.loop.evaluation.spreadsheet.planning_factorial import (
        FactorialPlan,
        plan_factorial,
        simulate_factorial,
    )

    plan = FactorialPlan(**asked)
    found = plan_factorial(plan)
    made = None
    if trials:
        with working(f"making {trials:,} trials"):
            made = simulate_factorial(plan, trials=trials, seed=seed)
    numbers = {"plan": {"design": "factorial", **asdict(plan)}, **asdict(found)}
    numbers["simulated"] = asdict(made) if made else None
    show(numbers, _lines(plan, found, made), as_json=as_json)


def _lines(
    plan: "FactorialPlan",
    found: "FactorialPlanned",
    made: "FactorialSimulated | None",
) -> list[str]:
    what = "persons" if plan.size is None else "clusters"
    lines = [f"{plan.units:,} {what}, a quarter in each cell; {found.n:,} persons."]
    if found.detectable is None:
        lines.append(f"No effect there can be is found with {plan.wanted:.0%}.")
    else:
        lines.append(
            f"An effect at the margins of {_written(plan, found.detectable)} is found "
            f"with {plan.wanted:.0%} power, an interaction only of "
            f"{_written(plan, found.detectable_interaction)}."
        )
    effects = zip(
        ("first", "second"),
        plan.at_margins,
        (found.power, found.second_power),
        strict=True,
    )
    for name, effect, chance in effects:
        if effect is not None:
            lines.append(
                f"The {name} factor's effect at the margins, {_written(plan, effect)}, "
                f"is found with a power of {chance:.1%}."
            )
    if found.interaction_power is not None:
        lines.append(f"The interaction is found with {found.interaction_power:.1%}.")
    if plan.at_margins != (None, None):
        needed = f"{found.units_needed:,}" if found.units_needed else "far more"
        lines.append(f"{needed} {what} would find each with {plan.wanted:.0%}.")
    if made:
        counted = {"first": made.first, "second": made.second}
        counted["interaction"] = made.interaction
        shares = [
            f"{name} {one.power:.1%} (± {one.error:.1%})"
            for name, one in counted.items()
            if one is not None
        ]
        lines.append(
            f"In {made.interaction.trials:,} made trials found: {', '.join(shares)}."
        )
    said = f"Standard error {found.se:.4g}, of the interaction "
    return [*lines, f"{said}{found.interaction_se:.4g}; {found.df:.0f} df."]


def _written(plan: "FactorialPlan", value: float) -> str:
    return f"{100 * value:.1f} points" if plan.sd is None else f"{value:.3g}"
