"""Our own knowledge type and rollout design pass what others' must."""

from rounds.conformance.knowledge import BaseKnowledge
from rounds.conformance.rollouts import (
    BaseAdaptive,
    BaseArrivals,
    BaseKnownUnits,
    BaseRollout,
    BaseSequences,
)
from rounds.loop.change.rollouts import (
    CovariateConstrained,
    MatchedPairs,
    Minimisation,
    PermutedBlocks,
    ResponseAdaptive,
    Sequences,
)
from stories import practice as story


class TestRule(BaseKnowledge):
    def knowledge(self):
        return story.knowledge()


class TestPermutedBlocks(BaseRollout):
    def design(self, seed):
        return PermutedBlocks(seed, self.block_sizes)


class TestOneBlockSize(BaseRollout):
    block_sizes = (6,)

    def design(self, seed):
        return PermutedBlocks(seed, self.block_sizes)


NAMES = ("size", "baseline_rate")


def arms(allocated):
    return {unit: one.arm for unit, one in allocated.assignments.items()}


class TestMatchedPairs(BaseKnownUnits):
    def allocate(self, seed, units, known):
        return arms(MatchedPairs(seed, NAMES).assign(units, known))


class TestCovariateConstrained(BaseKnownUnits):
    def allocate(self, seed, units, known):
        return arms(CovariateConstrained(seed, NAMES, 0.2).assign(units, known))


class TestMinimisation(BaseArrivals):
    def replay(self, seed, arrivals):
        return Minimisation(seed, self.biased_coin).replay(arrivals)


class TestMinimisationWithAFairerCoin(BaseArrivals):
    biased_coin = 0.65

    def replay(self, seed, arrivals):
        return Minimisation(seed, self.biased_coin).replay(arrivals)


class TestSequences(BaseSequences):
    def sequences(self, seed, names):
        return Sequences(seed, names)


class TestTwoSequences(BaseSequences):
    names = ("one", "other")

    def sequences(self, seed, names):
        return Sequences(seed, names)


class TestResponseAdaptive(BaseAdaptive):
    def draw(self, seed, epoch, place, chance):
        drawn = ResponseAdaptive(seed, self.fixed_share).draw(epoch, place, chance)
        return drawn.arm, drawn.share == "even"
