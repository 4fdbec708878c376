"""Our own knowledge type and rollout design pass what others' must."""

from rounds.conformance.knowledge import BaseKnowledge
from rounds.conformance.rollouts import BaseRollout
from rounds.loop.change.rollouts import PermutedBlocks
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
