"""How chances of the arms follow what looks at a running trial see."""

from typing import Literal

from pydantic import Field

from rounds.nouns.base import Noun

__all__ = ["Adaptation"]


class Adaptation(Noun):
    """Response-adaptive allocation: from 1:1, at each look, towards the better arm.

    The chance of an arm is the posterior probability that it is the better one, raised
    to a power and scaled. Until the first look has been judged, and for a fixed share
    of patients throughout, both arms are as likely.
    """

    rule: Literal["square_root", "information"] = "square_root"
    """The power: one half, or half of the share of the information that there is."""
    least: float = Field(default=0.1, ge=0.05, lt=0.5)
    """Chance below which no arm falls."""
    fixed_share: float = Field(default=0.2, ge=0.05, lt=1)
    """Of patients who are allocated 1:1 whatever looks see, and are marked as such."""

    @property
    def in_words(self) -> str:
        """How chances change, for people to read; never what they are."""
        return (
            f"response-adaptive: 1:1 until the first look, then between {self.least:g} "
            f"and {1 - self.least:g} as looks find, {self.fixed_share:.0%} of patients "
            "1:1 throughout"
        )
