"""Rollout designs: who hears it first."""

from rounds.loop.change.rollouts.covariate_constrained import CovariateConstrained
from rounds.loop.change.rollouts.known_units import Allocated, Known
from rounds.loop.change.rollouts.matched_pairs import MatchedPairs
from rounds.loop.change.rollouts.minimisation import ARMS, Minimisation
from rounds.loop.change.rollouts.permuted_blocks import PermutedBlocks
from rounds.loop.change.rollouts.response_adaptive import Drawn, ResponseAdaptive
from rounds.loop.change.rollouts.sequences import Sequences

__all__ = [
    "ARMS",
    "Allocated",
    "CovariateConstrained",
    "Drawn",
    "Known",
    "MatchedPairs",
    "Minimisation",
    "PermutedBlocks",
    "ResponseAdaptive",
    "Sequences",
]
