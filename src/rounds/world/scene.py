"""Set the scene: clinics, persons, and the problems that are lived."""

from rounds.world.config import WEEKS_BEFORE, WorldConfig
from rounds.world.luck import Luck
from rounds.world.population import Integers, make_clinics, make_persons
from rounds.world.problems.diabetes import Diabetes
from rounds.world.problems.screening import Screening
from rounds.world.state import Scene

__all__ = ["make_scene"]

_BESIDE = (Diabetes, Screening)


def make_scene(
    config: WorldConfig, luck: Luck, clinic: Integers | None = None
) -> Scene:
    """Make who there is and what ails them.

    Parameters
    ----------
    config : WorldConfig
        Size, seed, and what is planted.
    luck : Luck
        Where chance comes from.
    clinic : array of int, shape (people,), optional
        Each person's clinic, where chance does not decide it.
    """
    clinics = make_clinics(config, luck)
    persons = make_persons(config, clinics, luck, clinic)
    beside = tuple(
        problem(config, clinics, persons, luck)
        for problem in _BESIDE
        if problem.name in config.problems
    )
    faults = frozenset(config.faults)
    return Scene(persons, clinics, luck, faults, WEEKS_BEFORE, beside, config.campaign)
