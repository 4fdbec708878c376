"""What do 10,000 allocations of 200 clusters cost, interval and all?

Prints the ratio to the shuffling and one product alone, in one run: no permutation test
can do without these. Persons are summed by cluster first, so they hardly count.
"""

import sys

import numpy as np
from timing import fastest

from rounds.methods.clusters.permutation import permutation

CLUSTERS, SIZE, DRAWS, TURNS = 200, 50, 10_000, 7
MOST = 4.0
"""Times shuffling and product."""


def main():
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(CLUSTERS), SIZE)
    arm = np.arange(CLUSTERS) % 2
    y = rng.normal(size=len(clusters)) + 0.3 * rng.normal(size=CLUSTERS)[clusters]
    means = np.bincount(clusters, weights=y)

    def bare():
        arms = np.tile(arm.astype(np.int16), (DRAWS, 1))
        return rng.permuted(arms, axis=1).astype(float) @ means

    def whole():
        return permutation(y, clusters, arm, rng=rng, draws=DRAWS)

    found = whole()
    assert found.n_allocations == DRAWS
    limit, ours = fastest(bare, TURNS), fastest(whole, TURNS)
    print(
        f"permutation: {DRAWS:,} allocations of {CLUSTERS} clusters in "
        f"{1000 * ours:.0f} ms, {ours / limit:.1f} times shuffling them and one "
        f"product (at most {MOST:.0f})"
    )
    return 0 if ours / limit <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
