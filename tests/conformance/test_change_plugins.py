"""Our own knowledge type and rollout design pass what others' must."""

from rounds.conformance.knowledge import BaseKnowledge
from rounds.conformance.rollouts import BaseRollout, BaseSequences
from rounds.loop.change.rollouts import PermutedBlocks, Sequences
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


class TestSequences(BaseSequences):
    def sequences(self, seed, names):
        return Sequences(seed, names)


class TestTwoSequences(BaseSequences):
    names = ("one", "other")

    def sequences(self, seed, names):
        return Sequences(seed, names)
