"""`rounds evaluation power`: what a trial could tell, before it is begun."""

from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import show, working

if TYPE_CHECKING:
    from rounds.loop.evaluation.spreadsheet.planning import (
        Planned,
        Simulated,
        TrialPlan,
    )

__all__ = ["power_"]


def power_(
    *,
    design: Literal[
        "individual", "cluster", "stepped-wedge", "cluster-crossover", "factorial"
    ],
    units: int,
    size: float = 1.0,
    periods: int = 1,
    control: float | None = None,
    sd: float | None = None,
    effect: float | None = None,
    second_effect: float | None = None,
    interaction: float = 0.0,
    icc: float = 0.0,
    autocorrelation: float = 1.0,
    size_variation: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    simulate: int = 0,
    seed: int = 1,
    json: bool = False,
) -> None:
    """Say what effect a trial could find, and how many units an effect needs.

    Parameters
    ----------
    design
        How it would be randomised.
    units
        Persons, if they are randomised; else clusters (factorial: with --size).
    size
        Persons of a cluster, in each period.
    periods
        Of a wedge (the first without exposure) or a cross-over.
    control
        The share with the outcome in the arm that is compared with.
    sd
        The standard deviation of persons, of an outcome that is a number.
    effect
        The difference that is to be found; of a factorial trial what the first factor
        adds by itself.
    second_effect
        What the second factor of a factorial trial adds by itself.
    interaction
        What both factors add beyond their sum.
    icc
        The correlation of two persons of a cluster in one period.
    autocorrelation
        The correlation of a cluster's level in two periods.
    size_variation
        The coefficient of variation of the clusters' sizes.
    alpha
        The two-sided level.
    power
        The power that is wanted.
    simulate
        Make so many trials, and analyse each, beside the formula.
    seed
        Of the made trials.
    json
        Print one JSON object.
    """
    given = dict(locals())  # the options, before aught else is named
    from dataclasses import asdict

    if design == "factorial":
        _show_factors(given)
        return
    _insist_on_none(second_effect=second_effect, interaction=interaction)
    from rounds.loop.evaluation.spreadsheet.planning import (
        TrialPlan,
        plan_trial,
    )
    from rounds.loop.evaluation.spreadsheet.planning import simulate as make_trials

    plan = TrialPlan(
        design=design,
        units=units,
        size=size,
        periods=periods,
        control=control,
        sd=sd,
        effect=effect,
        icc=icc,
        autocorrelation=autocorrelation,
        variation=size_variation,
        alpha=alpha,
        wanted=power,
    )
    found = plan_trial(plan)
    made = None
    if simulate:
        with working(f"making {simulate:,} trials"):
            made = make_trials(plan, trials=simulate, seed=seed)
    numbers = {"plan": asdict(plan), **asdict(found)}
    numbers["simulated"] = asdict(made) if made else None
    show(numbers, _lines(plan, found, made), as_json=json)


def _show_factors(given: dict[str, Any]) -> None:
    from rounds.cli.power_factorial import show_factorial_power

    # What is left at the value that every design has was not asked for.
    _insist_on_none(
        periods=given["periods"] - 1, autocorrelation=given["autocorrelation"] - 1
    )
    as_they_are = ("units", "control", "sd", "effect", "second_effect", "interaction")
    asked = {name: given[name] for name in (*as_they_are, "icc", "alpha")}
    asked |= {"variation": given["size_variation"], "wanted": given["power"]}
    asked["size"] = None if given["size"] == 1.0 else given["size"]
    show_factorial_power(
        asked, trials=given["simulate"], seed=given["seed"], as_json=given["json"]
    )


def _insist_on_none(**given: float | None) -> None:
    """Refuse what the design does not have: it would be left unread."""
    from rounds.nouns.errors import DefinitionError

    unread = [name for name, value in given.items() if value]
    if unread:
        option = unread[0].replace("_", "-")
        raise DefinitionError(
            f"--{option} is not of this design.",
            code="power-asked",
            remedies=("Leave it out, or name the design that has it.",),
        )


def _lines(plan: "TrialPlan", found: "Planned", made: "Simulated | None") -> list[str]:
    what = "persons" if plan.design == "individual" else "clusters"
    as_points = plan.control is not None
    lines = [f"{plan.units:,} {what}, {found.n:,} persons."]
    if found.detectable is None:
        lines.append(f"No difference there can be is found with {plan.wanted:.0%}.")
    else:
        least = _written(found.detectable, as_points)
        lines.append(f"A difference of {least} is found with {plan.wanted:.0%} power.")
    if plan.effect is not None:
        assert found.power is not None
        needed = f"{found.units_needed:,}" if found.units_needed else "far more"
        lines.append(
            f"One of {_written(plan.effect, as_points)} is found with a power of "
            f"{found.power:.1%}; {needed} {what} would give {plan.wanted:.0%}."
        )
    if made:
        lines.append(
            f"In {made.trials:,} made trials it was found in {made.power:.1%} "
            f"(± {made.error:.1%})."
        )
    said = f"Standard error {found.se:.4g}, {found.df:.0f} degrees of freedom."
    return [*lines, said]


def _written(value: float, as_points: bool) -> str:
    return f"{100 * value:.1f} points" if as_points else f"{value:.3g}"
