"""Two hundred people, and how a set of them is put before the gate."""

import numpy as np

from rounds.methods.disclosure.differencing import PersonSum

PEOPLE = np.arange(200)


def counted(people):
    """Give the count of some people, and who they are, as `release_counts` asks."""
    return {"persons": len(people)}, {"persons": PersonSum.of(people)}
