"""Two factors in one trial: may what each does be read over both arms of the other?

The main comparisons are at the margins: all who had a factor against all who had not,
over both arms of the other factor. Each such number is an average over the other's
arms, whatever the two do together; it is what the factor does by itself only where they
do not interact. So the rule below was fixed beforehand, and where it is broken the
numbers at the margins are withheld. What stands inside the table is shown then, and
nothing is claimed of it: to claim a cell's effect because a test of the interaction
fired is biased, even where nothing interacts, for the two are made of the same cells.
What is at the margins is not: in a balanced table it tells nothing of the interaction.

References
----------
Kahan BC, Hall SS, Beller EM, et al. (2023). Reporting of factorial randomized trials:
extension of the CONSORT 2010 statement. JAMA 330:2106-2114 (its abstract: the main
comparisons are identified; for each, the interaction and its precision are reported).
DOI 10.1001/jama.2023.19793
Kahan BC (2013). Bias in randomised factorial trials. Statistics in Medicine
32:4540-4549 (its abstract: an analysis chosen by a test of the interaction is biased).
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["INTERACTION_ALPHA", "InteractionRule", "Reading"]

INTERACTION_ALPHA = 0.05
"""Usual; a trial that is planned for its main effects finds an interaction twice as
large as one of them about as often as that one."""

Reading = Literal["margins", "inside_the_table"]


@dataclass(frozen=True)
class InteractionRule:
    """What was fixed beforehand.

    Parameters
    ----------
    margin : float, optional
        The largest interaction beside which the margins are still read, on the scale
        on which an effect is a sum, above 0. None: the test alone decides.
    alpha : float
        The test's level, in (0, 1).
    """

    margin: float | None = None
    alpha: float = INTERACTION_ALPHA

    def __post_init__(self) -> None:
        """Refuse a margin or a level that is none."""
        if self.margin is not None and not 0 < self.margin < float("inf"):
            raise ValueError(f"a margin of {self.margin} is not above 0")
        if not 0 < self.alpha < 1:
            raise ValueError(f"a level of {self.alpha} is not between 0 and 1")

    def reading(self, estimate: float, p_value: float) -> tuple[Reading, str]:
        """Say what is read, and why in half a sentence.

        Parameters
        ----------
        estimate, p_value : float
            Of the interaction, on the margin's scale; two-sided.

        Examples
        --------
        >>> InteractionRule(margin=0.05).reading(0.02, 0.40)[0]
        'margins'
        >>> InteractionRule(margin=0.05).reading(0.06, 0.40)
        ('inside_the_table', 'it is beyond the margin that was fixed')
        """
        if p_value < self.alpha:
            return "inside_the_table", f"p is below the {self.alpha:g} that was fixed"
        if self.margin is not None and abs(estimate) > self.margin:
            return "inside_the_table", "it is beyond the margin that was fixed"
        return "margins", "nothing that was fixed speaks against the margins"
