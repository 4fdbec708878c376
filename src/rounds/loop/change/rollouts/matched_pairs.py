"""Matched pairs: clinics that are alike, one of each two by chance.

Pairs are those whose distances are together the smallest, within strata where there
are any. Which of a pair is `active` is one bit of HMAC-SHA256, keyed with the seed,
over `rounds.matched-pairs.1` and the names of the two. Who knows how the clinics were
paired and one arm of a pair knows the other, which is why both are allocated at once,
before anybody is enrolled.

An odd clinic is left out, the one without which the others are paired best. It is not
made a third of a pair: the difference within a triple would weigh and vary otherwise,
and the interval's degrees of freedom (pairs less one) hold for pairs.
"""

from collections.abc import Mapping, Sequence

from rounds.loop.change.rollouts.draws import below, chance
from rounds.loop.change.rollouts.known_units import Allocated, Known, characteristics
from rounds.methods.allocations.pairing import optimal_pairs
from rounds.nouns import DefinitionError
from rounds.practice import Assignment

__all__ = ["MatchedPairs"]

FEWEST_PAIRS = 2
"""With one there is nothing to estimate a variance from."""


class MatchedPairs:
    """An allocation of known units for one seed.

    Parameters
    ----------
    seed : bytes, shape (32,)
    balanced_on : sequence of str
        What units are matched on.
    """

    def __init__(self, seed: bytes, balanced_on: Sequence[str]) -> None:
        self._seed = seed
        self._names = tuple(balanced_on)

    def __repr__(self) -> str:
        return f"<MatchedPairs on {', '.join(self._names)}>"

    def assign(self, units: Mapping[str, str], known: Known) -> Allocated:
        """Pair units and allocate one of each pair.

        Parameters
        ----------
        units : dict
            Unit → stratum, within which it is paired.
        known : dict
            Unit → name → number.

        Raises
        ------
        DefinitionError
            If fewer than two pairs can be made, or a number is missing.
        """
        pairs: list[tuple[str, str]] = []
        left_out: list[str] = []
        for stratum in sorted(set(units.values())):
            members = sorted(unit for unit in units if units[unit] == stratum)
            found, odd = self._paired(members, known)
            pairs += found
            left_out += odd
        if len(pairs) < FEWEST_PAIRS:
            raise DefinitionError(
                f"{len(units)} clinic(s) make {len(pairs)} matched pair(s); at least "
                f"{FEWEST_PAIRS} are needed.",
                code="too-few-units",
                why="The interval comes from how pairs differ from one another.",
                remedies=(
                    "Ask more clinics to take part.",
                    "Leave design.strata empty.",
                ),
            )
        assignments: dict[str, Assignment] = {}
        for number, pair in enumerate(pairs, start=1):
            stratum = f"pair-{number:03d}"
            active = below(chance(self._seed, "rounds.matched-pairs.1", *pair), 2)
            for place, unit in enumerate(pair):
                arm = "active" if place == active else "silent"
                told = {name: float(known[unit][name]) for name in self._names}
                assignments[unit] = Assignment(arm, stratum, place, told)
        return Allocated(assignments=assignments, left_out=tuple(left_out))

    def _paired(
        self, members: list[str], known: Known
    ) -> tuple[list[tuple[str, str]], list[str]]:
        if len(members) < 2:
            return [], members
        pairs, odd = optimal_pairs(characteristics(members, known, self._names))
        named = [(members[a], members[b]) for a, b in pairs]
        return named, [] if odd is None else [members[odd]]
