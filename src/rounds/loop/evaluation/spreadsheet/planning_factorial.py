"""What a trial of two factors could tell before it is begun.

Both main comparisons use everybody, so each has about the power of a trial of its own.
The interaction is the difference of two differences, each between two quarters: its
variance is four times that of an effect at the margins, and what is found with the same
power is twice as large.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from rounds.loop.evaluation.spreadsheet.factorial import FactorialTrial, table_fits
from rounds.loop.evaluation.spreadsheet.planning import Simulated
from rounds.loop.evaluation.spreadsheet.question import Question
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.planning.trial_power import detectable, gamma_sizes, power
from rounds.nouns import DefinitionError

__all__ = [
    "FactorialPlan",
    "FactorialPlanned",
    "FactorialSimulated",
    "plan_factorial",
    "simulate_factorial",
]

Floats = NDArray[np.float64]
_GREATEST = 1e9
_MOST_UNITS = 1_000_000
_ORDERS = 25


@dataclass(frozen=True)
class FactorialPlan:
    """A trial of two factors that might be done.

    Parameters
    ----------
    units : int
        Persons, or clusters where there is a size; a quarter to each cell.
    size : float, optional
        Persons of a cluster.
    control : float, optional
        The share with the outcome under neither factor; None where it is a number.
    sd : float, optional
        Of persons, where the outcome is a number.
    effect, second_effect : float, optional
        What each factor adds by itself.
    interaction : float
        What both add beyond the sum of the two.
    icc, variation : float
        Of clusters, as `TrialPlan` has them.
    alpha, wanted : float
        Two-sided level; the power that is wanted.
    """

    units: int
    size: float | None = None
    control: float | None = None
    sd: float | None = None
    effect: float | None = None
    second_effect: float | None = None
    interaction: float = 0.0
    icc: float = 0.0
    variation: float = 0.0
    alpha: float = 0.05
    wanted: float = 0.8

    @property
    def at_margins(self) -> tuple[float | None, float | None]:
        """Each factor's effect over both arms of the other."""
        one, other = (
            None if effect is None else effect + self.interaction / 2
            for effect in (self.effect, self.second_effect)
        )
        return one, other

    @property
    def levels(self) -> tuple[float, float, float, float]:
        """Means of neither, the first alone, the second alone, and both."""
        base, a, b = self.control or 0.0, self.effect or 0.0, self.second_effect or 0.0
        return base, base + a, base + b, base + a + b + self.interaction


@dataclass(frozen=True)
class FactorialPlanned:
    """What a plan could tell, by formula."""

    power: float | None
    """Of the first factor's effect at the margins; None where none was named."""
    second_power: float | None
    interaction_power: float | None
    """None where no interaction is expected."""
    detectable: float | None
    """The smallest effect at the margins found with the wanted power; None where no
    share can be so far from the control's."""
    detectable_interaction: float
    units_needed: int | None
    """The fewest units that find each named effect with the wanted power."""
    se: float
    """Of an effect at the margins."""
    interaction_se: float
    df: float
    n: int


@dataclass(frozen=True)
class FactorialSimulated:
    """What made trials of a plan told."""

    first: Simulated | None
    second: Simulated | None
    interaction: Simulated
    """Without one, how often the test at `alpha` finds one all the same."""


def plan_factorial(plan: FactorialPlan) -> FactorialPlanned:
    """Compute power by formula.

    Raises
    ------
    DefinitionError
        If a number is outside its range.
    """
    _insist(plan)
    variance, df, n = _variance(plan)
    powers = [
        None if one is None else power(one, variance / 4, df=df + 1, alpha=plan.alpha)
        for one in plan.at_margins
    ]
    of_both = None
    if plan.interaction:
        of_both = power(plan.interaction, variance, df=df, alpha=plan.alpha)
    return FactorialPlanned(
        power=powers[0],
        second_power=powers[1],
        interaction_power=of_both,
        detectable=_detectable(plan),
        detectable_interaction=detectable(
            variance, wanted=plan.wanted, df=df, alpha=plan.alpha
        ),
        units_needed=_needed(plan),
        se=float(np.sqrt(variance / 4)),
        interaction_se=float(np.sqrt(variance)),
        df=df + 1,
        n=n,
    )


def simulate_factorial(
    plan: FactorialPlan, *, trials: int, seed: int
) -> FactorialSimulated:
    """Make trials of a plan, analyse each by least squares, and count.

    Raises
    ------
    DefinitionError
        As `plan_factorial`; also if no effect is named, or too few trials are asked
        for.
    """
    _insist(plan)
    if plan.at_margins == (None, None) or trials < 100 or seed < 0:
        raise _asked(
            "Made trials need an effect, a seed from 0 on, and are at least 100.",
            "Say --effect 0.1 --simulate 1000 --seed 1.",
        )
    rng = np.random.default_rng(seed)
    question = Question("least-squares", "difference", 1 - plan.alpha)
    p_values, signs, lost = [], [], 0
    for _ in range(trials):
        try:
            found = table_fits(_made(plan, rng), question)
        except ValueError:
            lost += 1
            continue
        assert found.margins is not None
        fits = (*found.margins, found.interaction)
        p_values.append([one.p_value for one in fits])
        signs.append([np.sign(one.estimate) for one in fits])
    rejected = np.reshape(p_values, (-1, 3)) < plan.alpha
    side = np.reshape(signs, (-1, 3))
    wanted = (*plan.at_margins, plan.interaction)
    counted = [
        None
        if effect is None
        else _counted(rejected[:, k], side[:, k], effect, trials, lost)
        for k, effect in enumerate(wanted)
    ]
    assert counted[2] is not None
    return FactorialSimulated(counted[0], counted[1], counted[2])


def _counted(
    rejected: NDArray[np.bool_], side: Floats, effect: float, trials: int, lost: int
) -> Simulated:
    """Count what was found on its own side; of nought, on either."""
    hits = rejected if effect == 0 else rejected & (side == np.sign(effect))
    share = float(hits.sum()) / trials
    return Simulated(share, float(np.sqrt(share * (1 - share) / trials)), trials, lost)


def _variance(plan: FactorialPlan) -> tuple[float, float, int]:
    """Give the interaction's variance, its degrees of freedom, and the persons.

    It is the sum of the four cells' variances; a margin's is a quarter of it. The
    degrees of freedom are as `weighted_variance` has them, of four cells.
    """
    spread = np.array([_of_persons(plan, level) for level in plan.levels])
    place = np.arange(plan.units) % 4
    if plan.size is None:
        counts = np.bincount(place, minlength=4)
        return float((spread / counts).sum()), plan.units - 4.0, plan.units
    sizes = gamma_sizes(plan.size, plan.variation, plan.units)
    # Which clusters are the large ones, chance decides: the mean over some orders.
    rng = np.random.default_rng(0)
    orders = [
        rng.permutation(plan.units) for _ in range(_ORDERS if plan.variation > 0 else 1)
    ]
    found = [_of_cells(plan, spread, place, sizes[order]) for order in orders]
    variance, df = np.mean(found, axis=0).tolist()
    return variance, df, round(float(sizes.sum()))


def _of_cells(
    plan: FactorialPlan, spread: Floats, place: NDArray[np.intp], sizes: Floats
) -> tuple[float, float]:
    total = alone = doubted = 0.0
    for cell in range(4):
        n = sizes[place == cell]
        own = spread[cell] * (plan.icc + (1 - plan.icc) / n)
        squares = float(((n / n.sum()) ** 2).sum())
        total += float(((n / n.sum()) ** 2 * own).sum())
        alone += 1 / n.sum()
        doubted += (1 / n.sum()) ** 2 / (1 / squares - 1)
    return total, float(alone**2 / doubted)


def _of_persons(plan: FactorialPlan, level: float) -> float:
    return plan.sd**2 if plan.sd is not None else level * (1 - level)


def _detectable(plan: FactorialPlan) -> float | None:
    """Find the least effect at the margins; a share's own variance goes with it."""
    side = -1 if (plan.effect or 0.0) < 0 else 1

    def short(effect: float) -> float:
        alone = side * effect - plan.interaction / 2
        variance, df, _ = _variance(replace(plan, effect=alone))
        return power(effect, variance / 4, df=df + 1, alpha=plan.alpha) - plan.wanted

    if plan.sd is not None:
        variance, df, _ = _variance(plan)
        return detectable(variance / 4, wanted=plan.wanted, df=df + 1, alpha=plan.alpha)
    most = 1.0
    neither, _, second, _ = plan.levels
    for base in (neither, second):
        most = min(most, base if side < 0 else 1 - base)
    most = (most - abs(plan.interaction)) * (1 - 1e-6)
    if most <= 0 or short(most) < 0:
        return None
    return float(optimize.brentq(short, 1e-9, most, xtol=1e-9))


def _needed(plan: FactorialPlan) -> int | None:
    """Find the fewest units, four at a time: first doubled, then halved in."""
    named = [abs(one) for one in plan.at_margins if one]
    if not named:
        return None

    def enough(quarter: int) -> bool:
        variance, df, _ = _variance(replace(plan, units=4 * quarter))
        found = power(min(named), variance / 4, df=df + 1, alpha=plan.alpha)
        return found >= plan.wanted

    least = most = 2
    while not enough(most):
        most *= 2
        if 4 * most > (_MOST_UNITS if plan.size is None else 10_000):
            return None
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle, most)
    return 4 * (least if enough(least) else most)


def _made(plan: FactorialPlan, rng: np.random.Generator) -> FactorialTrial:
    """Make one trial: units dealt to the cells, persons around their cluster's mean."""
    place = rng.permutation(plan.units) % 4
    clusters = None
    within = share = 1.0
    if plan.size is not None:
        sizes = gamma_sizes(plan.size, plan.variation, plan.units)
        persons = np.maximum(1, np.round(sizes)).astype(np.intp)
        clusters = np.repeat(np.arange(plan.units), persons)
        within, share = float(np.sqrt(1 - plan.icc)), plan.icc
    of_person = place if clusters is None else place[clusters]
    levels = np.array(plan.levels)[of_person]
    raised = np.zeros(len(of_person))
    if clusters is not None:
        total = np.array([_of_persons(plan, level) for level in plan.levels])
        own = np.sqrt(share * total[place]) * rng.normal(size=plan.units)
        raised = own[clusters]
    if plan.sd is not None:
        y = levels + raised + plan.sd * within * rng.normal(size=len(levels))
    else:
        chance = np.clip(levels + raised, 0.001, 0.999)
        y = (rng.random(len(levels)) < chance).astype(float)
    first, second = (
        _trial(y, (of_person & bit) > 0, clusters, ((place & bit) > 0).astype(float))
        for bit in (1, 2)
    )
    return FactorialTrial(first, second, ("first", "second"))


def _trial(
    outcome: Floats,
    active: NDArray[np.bool_],
    clusters: NDArray[np.intp] | None,
    exposed: Floats,
) -> Trial:
    return Trial(
        design="individual" if clusters is None else "cluster",
        outcome=outcome,
        active=active,
        labels=("control", "active"),
        clusters=clusters,
        periods=None,
        strata=None,
        schedule=None if clusters is None else exposed[:, None],
        covariates={},
    )


def _insist(plan: FactorialPlan) -> None:
    if (plan.control is None) == (plan.sd is None):
        raise _asked(
            "An outcome is a share or a number.",
            "Say --control 0.4 for a share, or --sd 12 for a number.",
        )
    asked = (plan.size, plan.control, plan.sd, plan.effect, plan.second_effect)
    numbers = (*asked, plan.interaction, plan.icc)
    if not all(n is None or abs(n) < _GREATEST for n in numbers):
        raise _asked("A number is not finite, or beyond a billion.", "Correct it.")
    tests = {
        "--units is a whole number, at least 8": plan.units >= 8,
        "--size is above 0": plan.size is None or plan.size > 0,
        "--control, and with the effects, is within 0 to 1": plan.control is None
        or all(0 < level < 1 for level in plan.levels),
        "--sd is above a billionth": plan.sd is None or plan.sd > 1 / _GREATEST,
        "--size, --icc and --size-variation are of clusters": plan.size is not None
        or (plan.icc, plan.variation) == (0.0, 0.0),
        "--effect is not 0": plan.effect != 0,
        "--second-effect is not 0": plan.second_effect != 0,
        "--icc is at least 0 and below 1": 0 <= plan.icc < 1,
        "--size-variation is within 0 to 2": 0 <= plan.variation <= 2,
        "--alpha is above 0 and below 0.5": 0 < plan.alpha < 0.5,
        "--power is above --alpha and below 1": plan.alpha < plan.wanted < 1,
    }
    for said, is_so in tests.items():
        if not is_so:
            raise _asked(f"{said.split(' ')[0]} does not fit.", f"Mind that {said}.")


def _asked(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(what, code="power-asked", remedies=(remedy,))
