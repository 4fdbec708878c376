"""What a trial could tell before it is begun: by formula, and by made trials."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS
from rounds.loop.evaluation.spreadsheet.models import fit
from rounds.loop.evaluation.spreadsheet.question import Question
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.planning.trial_power import (
    Spread,
    detectable,
    effect_variance,
    gamma_sizes,
    power,
    weighted_variance,
)
from rounds.nouns import DefinitionError

__all__ = ["Planned", "Simulated", "TrialPlan", "plan_trial", "schedule_of", "simulate"]

Floats = NDArray[np.float64]
_MOST_CLUSTERS, _MOST_PERSONS = 10_000, 1_000_000
_GREATEST = 1e9
_ORDERS = 25


@dataclass(frozen=True)
class TrialPlan:
    """A trial that might be done.

    Parameters
    ----------
    design : str
        `individual`, `cluster`, `stepped-wedge` or `cluster-crossover`.
    units : int
        Persons, if they are randomised; else clusters.
    size : float
        Persons of a cluster, in each period.
    periods : int
        Of a wedge or a cross-over; 1 of others.
    control : float, optional
        The share with the outcome without exposure; None where it is a number.
    sd : float, optional
        Of persons, where the outcome is a number.
    effect : float, optional
        The difference that is to be found.
    icc, autocorrelation : float
        Correlation of two persons of a cluster in one period; of a cluster's level
        in two periods.
    variation : float
        Coefficient of variation of the clusters' sizes.
    alpha, wanted : float
        Two-sided level; the power that is wanted.
    """

    design: str
    units: int
    size: float = 1.0
    periods: int = 1
    control: float | None = None
    sd: float | None = None
    effect: float | None = None
    icc: float = 0.0
    autocorrelation: float = 1.0
    variation: float = 0.0
    alpha: float = 0.05
    wanted: float = 0.8


@dataclass(frozen=True)
class Planned:
    """What a plan could tell, by formula."""

    power: float | None
    """Of the effect that was named."""
    detectable: float | None
    """The smallest effect found with the wanted power, on the side of the one that was
    named, or above; None where no share can be so far from the control's."""
    units_needed: int | None
    """The fewest units that find the effect with the wanted power; None where none
    was named, or more would be needed than 10,000 clusters or a million persons."""
    se: float
    df: float
    """Of the t distribution; of a wedge or a cross-over cells less clusters and
    periods, about what Kenward and Roger give where cells differ by themselves."""
    n: int
    """Persons, over all clusters and periods."""


@dataclass(frozen=True)
class Simulated:
    """What made trials of a plan told."""

    power: float
    error: float
    """Monte Carlo standard error."""
    trials: int
    unanswered: int
    """Those whose data gave no answer; they count as not found."""


def schedule_of(design: str, units: int, periods: int) -> Floats:
    """Give who is exposed when: halves, waves of equal size, or halves that swap.

    Returns
    -------
    array of 0 and 1, shape (units, periods)

    Raises
    ------
    DefinitionError
        If so many units cannot be so allocated.
    """
    if design == "cluster":
        return (np.arange(units) % 2).astype(float)[:, None]
    if design == "cluster-crossover":
        order = np.arange(units)[:, None] + np.arange(periods)
        return (order % 2).astype(float)
    waves = periods - 1
    if units < waves:
        raise _asked(
            f"{units} clusters are fewer than the {waves} waves of {periods} periods.",
            "Give at least one cluster a wave.",
        )
    of_cluster = np.arange(units) * waves // units
    return (np.arange(periods) > of_cluster[:, None]).astype(float)


def plan_trial(plan: TrialPlan) -> Planned:
    """Compute power by formula.

    Raises
    ------
    DefinitionError
        If a number is outside its range, or the design is not one that can be planned.
    """
    _insist(plan)
    variance, df, n = _variance(plan)
    least = _detectable(plan, variance, df)
    found = needed = None
    if plan.effect is not None:
        found = power(plan.effect, variance, df=df, alpha=plan.alpha)
        needed = _needed(plan)
    return Planned(found, least, needed, float(np.sqrt(variance)), df, n)


def simulate(plan: TrialPlan, *, trials: int, seed: int) -> Simulated:
    """Make trials of a plan, analyse each by its design's own method, and count.

    Raises
    ------
    DefinitionError
        As `plan_trial`; also if no effect is named, or too few trials are asked for.
    """
    _insist(plan)
    if plan.effect is None or trials < 100 or seed < 0:
        raise _asked(
            "Made trials need an effect, a seed from 0 on, and are at least 100.",
            "Say --effect 0.1 --simulate 1000 --seed 1.",
        )
    rng = np.random.default_rng(seed)
    method = SHEET_DESIGNS[plan.design].methods[0]
    question = Question(method, "difference", 1 - plan.alpha, seed=0)
    hits = lost = 0
    for _ in range(trials):
        try:
            one = fit(_made(plan, rng), question)
        except ValueError:
            lost += 1
            continue
        ends = (one.lower, one.upper)
        hits += ends[0] > 0 if plan.effect > 0 else ends[1] < 0
    share = hits / trials
    return Simulated(share, float(np.sqrt(share * (1 - share) / trials)), trials, lost)


def _variance(plan: TrialPlan) -> tuple[float, float, int]:
    """Give the effect's variance, its degrees of freedom, and the persons."""
    if plan.design == "individual":
        fewer = plan.units // 2
        variance = _of_persons(plan, exposed=True) / fewer
        variance += _of_persons(plan, exposed=False) / (plan.units - fewer)
        return variance, plan.units - 2, plan.units
    schedule = schedule_of(plan.design, plan.units, plan.periods)
    sizes = gamma_sizes(plan.size, plan.variation, plan.units)
    n = round(float(sizes.sum()) * plan.periods)
    # Which clusters are the large ones, chance decides: the mean over some orders.
    rng = np.random.default_rng(0)
    n_orders = _ORDERS if plan.variation > 0 else 1
    orders = [rng.permutation(plan.units) for _ in range(n_orders)]
    if plan.design == "cluster":
        found = [
            weighted_variance(schedule[order, 0], sizes, _spread(plan))
            for order in orders
        ]
        variance, df = np.mean(found, axis=0).tolist()
        return variance, df, n
    found_variances = [
        effect_variance(schedule[order], sizes[:, None], _spread(plan))
        for order in orders
    ]
    df = schedule.size - sum(schedule.shape)
    return float(np.mean(found_variances)), df, n


def _detectable(plan: TrialPlan, variance: float, df: float) -> float | None:
    """Find the least effect; a share's own variance goes with it."""
    if plan.sd is not None:
        return detectable(variance, wanted=plan.wanted, df=df, alpha=plan.alpha)
    assert plan.control is not None
    side = -1 if (plan.effect or 0.0) < 0 else 1
    most = (plan.control if side < 0 else 1 - plan.control) * (1 - 1e-6)

    def short(effect: float) -> float:
        one, of_df, _ = _variance(replace(plan, effect=side * effect))
        return power(effect, one, df=of_df, alpha=plan.alpha) - plan.wanted

    if short(most) < 0:
        return None
    return float(optimize.brentq(short, 1e-9, most, xtol=1e-9))


def _of_persons(plan: TrialPlan, *, exposed: bool) -> float:
    if plan.sd is not None:
        return plan.sd**2
    assert plan.control is not None
    share = plan.control + (plan.effect or 0.0) * exposed
    return share * (1 - share)


def _spread(plan: TrialPlan) -> Spread:
    if plan.sd is not None:
        total = plan.sd**2
    else:
        assert plan.control is not None
        middle = plan.control + (plan.effect or 0.0) / 2
        total = middle * (1 - middle)
    return Spread.of(total, plan.icc, plan.autocorrelation)


def _needed(plan: TrialPlan) -> int | None:
    """Find the fewest units: first doubled, then halved in."""

    def enough(units: int) -> bool:
        one = replace(plan, units=units)
        assert one.effect is not None
        variance, df, _ = _variance(one)
        return power(one.effect, variance, df=df, alpha=one.alpha) >= one.wanted

    least = max(4, plan.periods - 1)
    most = least
    while not enough(most):
        most *= 2
        if most > (_MOST_PERSONS if plan.design == "individual" else _MOST_CLUSTERS):
            return None
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle, most)
    return least if enough(least) else most


def _made(plan: TrialPlan, rng: np.random.Generator) -> Trial:
    """Make one trial: units in random order, persons around their cluster's level."""
    assert plan.effect is not None
    if plan.design == "individual":
        active = rng.permutation(plan.units) % 2 == 1
        level = np.zeros(plan.units)
        y = _outcome(plan, level + plan.effect * active, rng)
        return _trial(plan, y, active)
    schedule = schedule_of(plan.design, plan.units, plan.periods)
    schedule = schedule[rng.permutation(plan.units)]
    sizes = gamma_sizes(plan.size, plan.variation, plan.units)
    persons = np.maximum(1, np.round(sizes)).astype(np.intp)
    clusters = np.repeat(np.arange(plan.units), persons * plan.periods)
    periods = np.concatenate([np.repeat(np.arange(plan.periods), n) for n in persons])
    spread = _spread(plan)
    of_cluster = np.sqrt(spread.between_clusters) * rng.normal(size=plan.units)
    of_cell = np.sqrt(spread.between_periods) * rng.normal(size=schedule.shape)
    level = of_cluster[clusters] + of_cell[clusters, periods]
    exposed = schedule[clusters, periods] == 1
    y = _outcome(plan, level + plan.effect * exposed, rng, spread.within)
    return _trial(plan, y, exposed, (clusters, periods, schedule))


def _outcome(
    plan: TrialPlan,
    level: Floats,
    rng: np.random.Generator,
    within: float | None = None,
) -> Floats:
    if plan.sd is not None:
        sd = plan.sd if within is None else np.sqrt(within)
        return np.asarray(level + sd * rng.normal(size=len(level)), dtype=float)
    assert plan.control is not None
    chance = np.clip(plan.control + level, 0.001, 0.999)
    return (rng.random(len(level)) < chance).astype(float)


def _trial(
    plan: TrialPlan,
    outcome: Floats,
    active: NDArray[np.bool_],
    places: tuple[NDArray[np.intp], NDArray[np.intp], Floats] | None = None,
) -> Trial:
    clusters, periods, schedule = places or (None, None, None)
    return Trial(
        design=plan.design,
        outcome=outcome,
        active=active,
        labels=("control", "active"),
        clusters=clusters,
        periods=periods if plan.periods > 1 else None,
        strata=None,
        schedule=schedule,
        covariates={},
    )


def _insist(plan: TrialPlan) -> None:
    known = [name for name in SHEET_DESIGNS if name != "matched-pairs"]
    if plan.design not in known:
        raise _asked(
            f"No power is known of a design {plan.design!r}.",
            f"Choose among {', '.join(known)}.",
        )
    in_periods = SHEET_DESIGNS[plan.design].in_periods
    in_clusters = SHEET_DESIGNS[plan.design].in_clusters
    if (plan.control is None) == (plan.sd is None):
        raise _asked(
            "An outcome is a share or a number.",
            "Say --control 0.4 for a share, or --sd 12 for a number.",
        )
    numbers = (plan.size, plan.control, plan.sd, plan.effect, plan.icc)
    if not all(n is None or abs(n) < _GREATEST for n in numbers):
        raise _asked("A number is not finite, or beyond a billion.", "Correct it.")
    risk = None if plan.control is None else plan.control + (plan.effect or 0.0)
    tests = {
        "--units is a whole number, at least 4": plan.units >= 4,
        "--size is above 0": plan.size > 0,
        "--control, and with the effect, is within 0 to 1": plan.control is None
        or (0 < plan.control < 1 and risk is not None and 0 < risk < 1),
        "--sd is above a billionth": plan.sd is None or plan.sd > 1 / _GREATEST,
        "--size, --icc and --size-variation are of clusters": in_clusters
        or (plan.size, plan.icc, plan.variation) == (1.0, 0.0, 0.0),
        "--effect is not 0": plan.effect is None or plan.effect != 0,
        "--icc is at least 0 and below 1": 0 <= plan.icc < 1,
        "--autocorrelation is within 0 to 1": 0 <= plan.autocorrelation <= 1,
        "--size-variation is within 0 to 2": 0 <= plan.variation <= 2,
        "--alpha is above 0 and below 0.5": 0 < plan.alpha < 0.5,
        "--power is above --alpha and below 1": plan.alpha < plan.wanted < 1,
        "--periods is at least 2 of a wedge or a cross-over": not in_periods
        or plan.periods >= (3 if SHEET_DESIGNS[plan.design].one_way else 2),
        "--periods is of a wedge or a cross-over alone": in_periods
        or plan.periods == 1,
    }
    for said, is_so in tests.items():
        if not is_so:
            raise _asked(f"{said.split(' ')[0]} does not fit.", f"Mind that {said}.")


def _asked(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(what, code="power-asked", remedies=(remedy,))
