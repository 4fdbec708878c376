"""What is asked of a trial, and what each design answers."""

from dataclasses import dataclass

from rounds.loop.evaluation.feasibility.crossing import Interaction
from rounds.loop.evaluation.feasibility.describing import Outcome
from rounds.loop.evaluation.feasibility.made_trials import MadeTrials
from rounds.nouns import NotEstimable

__all__ = ["Asked", "DesignAnswer", "Excluded", "Feasibility"]


@dataclass(frozen=True)
class Asked:
    """What is asked of a trial.

    Parameters
    ----------
    effect : float
        To be found, on the summary's own scale: of a difference below 0 where fewer is
        better, of a ratio below 1. Of non-inferiority or equivalence the true one,
        which may be none.
    wanted : float
        Power, in (0, 1).
    trials : int
        Made of each design; 0 for none.
    seed : int
        Of allocations and made trials.
    """

    effect: float
    wanted: float = 0.8
    trials: int = 400
    seed: int = 1


@dataclass(frozen=True)
class Excluded:
    """What the planned design could say of harm.

    Parameters
    ----------
    name : str
        The balancing endpoint.
    margin : float
        The greatest harm that would be accepted.
    value : float
        The share with the outcome, or its mean, without exposure.
    power : float
        The chance that the whole interval lies within the margin, where nobody is
        harmed.
    """

    name: str
    margin: float
    value: float
    power: float


@dataclass(frozen=True)
class DesignAnswer:
    """What a design could tell at this site.

    Parameters
    ----------
    name, title : str
        As commands have it; in words.
    planned : bool
        Whether it is the one that turn.yaml names.
    fewest : int
        Weeks under which the design cannot be.
    n : int or None
        Enrolled in the planned weeks, to the nearest ten; None where it cannot be.
    units : str
        What is enrolled: `patients`, or `visits`.
    alike : float or None
        Of visits, the correlation of two of one patient; below 0 it counts as 0.
    detectable : float or None
        The smallest effect found with the wanted power, or the smallest margin held to
        with it; None where there is none.
    power, se, df : float or None
        By formula: power for the effect that was asked for; standard error without an
        effect, and degrees of freedom, on average over allocations.
    made : MadeTrials or None
        Power by made trials.
    differ : bool
        Whether the two powers differ by more than 2 points and chance.
    weeks : int or None
        Of enrolment, after which the effect is found with the wanted power; None
        where it takes more than the past can stand for.
    why : str
        Why there is no answer in the planned weeks; empty if there is one.
    interaction : Interaction or None
        Of two cards, what can be told of their interaction.
    """

    name: str
    title: str
    planned: bool
    fewest: int
    n: int | None = None
    units: str = "patients"
    alike: float | None = None
    detectable: float | None = None
    power: float | None = None
    se: float | None = None
    df: float | None = None
    made: MadeTrials | None = None
    differ: bool = False
    weeks: int | None = None
    why: str = ""
    interaction: Interaction | None = None


@dataclass(frozen=True)
class Feasibility:
    """Whether a trial is feasible at a site; exact, before any gate.

    Parameters
    ----------
    weeks : int
        Of enrolment, that the past stands for.
    longest : int
        Weeks of the past that could stand for a longer trial.
    clinics : int
        That could be randomised.
    outcome : Outcome
    designs : tuple of DesignAnswer
        The planned one first.
    harms : tuple of Excluded or NotEstimable
        One of each balancing endpoint.
    """

    weeks: int
    longest: int
    clinics: int
    outcome: Outcome
    designs: tuple[DesignAnswer, ...]
    harms: tuple[Excluded | NotEstimable, ...]
