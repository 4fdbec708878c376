"""A simulated health system whose true answers are known."""

from rounds.world.config import WorldConfig
from rounds.world.plantings import DiabetesPlanting, ScreeningPlanting
from rounds.world.point_of_care import (
    Cards,
    Encounters,
    EveryCard,
    Feedback,
    PointOfCare,
)
from rounds.world.world import World

__all__ = [
    "Cards",
    "DiabetesPlanting",
    "Encounters",
    "EveryCard",
    "Feedback",
    "PointOfCare",
    "ScreeningPlanting",
    "World",
    "WorldConfig",
]
