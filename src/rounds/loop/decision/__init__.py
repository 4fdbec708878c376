"""Decision: adopt, adapt, abandon, extend; and what to look at next.

Arc: Knowledge → Practice. Takes an `Evaluation`, gives a `Decision`.
"""

from rounds.loop.decision.next_turn import as_source
from rounds.loop.decision.rates import rates
from rounds.loop.decision.rules import Recommendation, explain, recommend
from rounds.loop.decision.second_source import second_as_source
from rounds.loop.decision.step import run
from rounds.nouns import Decision as GIVES  # noqa: N814
from rounds.nouns import Evaluation as TAKES  # noqa: N814

__all__ = [
    "GIVES",
    "TAKES",
    "Recommendation",
    "as_source",
    "explain",
    "rates",
    "recommend",
    "run",
    "second_as_source",
]
