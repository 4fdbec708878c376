"""Two things put to the test in one trial, each silent in half of the units."""

from typing import ClassVar, Literal

from pydantic import Field

from rounds.nouns.base import Noun

__all__ = ["Factors"]


class Factors(Noun):
    """The two factors of a 2×2 factorial trial, and how they will be read.

    The main comparisons are at the margins: each factor active against silent, over
    both arms of the other (CONSORT's extension for factorial trials, 2023).
    """

    CELLS: ClassVar[tuple[str, ...]] = ("neither", "first", "second", "both")
    """What a unit is allocated to."""

    first: str = Field(min_length=1)
    """What the first factor is called in reports; its knowledge is the rollout's."""
    second: str = Field(min_length=1)
    """The same of the second knowledge object."""
    interaction_margin: float = Field(gt=0)
    """The largest interaction beside which the margins are read, on the scale of the
    primary estimand: what both do together beyond the sum of each alone."""
    interaction_alpha: float = Field(default=0.05, gt=0, lt=1)
    """The level of the test of the interaction, below which they are not read."""
    multiplicity: Literal["none", "bonferroni"] = "none"
    """Whether the two main comparisons are two questions, each at its own level, or
    share it: the protocol's level is then 1 − (1 − 0.95)/2 or above."""

    def arm(
        self, cell: str, factor: Literal["first", "second"]
    ) -> Literal["active", "silent"]:
        """Give a factor's arm in a cell."""
        return "active" if cell in (factor, "both") else "silent"
