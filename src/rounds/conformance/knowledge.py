"""What a type of knowledge must pass.

- It carries its own examples, and they pass.
- It is deterministic: the same context, the same answer.
- It gives the same answer after a JSON round trip.
- It is silent when any fact that it needs is missing.
- One person and many get the same answer.
- A card's identifiers are a function of the call, and differ between calls.
"""

import numpy as np

from rounds.loop.change.knowledge import check, compile_rule
from rounds.nouns import KnowledgeObject

__all__ = ["BaseKnowledge"]

_CALLS = (
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
)


class BaseKnowledge:
    """The suite; inherit it and give the knowledge."""

    def knowledge(self) -> KnowledgeObject:
        """Give the knowledge object to test."""
        raise NotImplementedError

    def test_its_own_examples_pass(self) -> None:
        """Nothing is wrong with it, its examples included."""
        assert check(self.knowledge()) == []

    def test_it_is_deterministic_and_survives_json(self) -> None:
        """Read again from its JSON, it answers every example as before."""
        knowledge = self.knowledge()
        again = KnowledgeObject.from_json(knowledge.to_json())
        rules = compile_rule(knowledge), compile_rule(knowledge), compile_rule(again)
        for example in knowledge.examples:
            answers = {rule.fires(example.context) for rule in rules}
            assert answers == {example.fires}

    def test_it_is_silent_when_a_fact_is_missing(self) -> None:
        """Leaving out any fact of an example in which it fires silences it."""
        knowledge = self.knowledge()
        rule = compile_rule(knowledge)
        for example in knowledge.examples:
            for fact in rule.facts:
                rest = {k: v for k, v in example.context.items() if k != fact}
                assert not rule.fires(rest)
                assert not rule.fires(rest | {fact: None})

    def test_many_get_the_answers_of_each(self) -> None:
        """The examples asked at once are answered as one by one."""
        knowledge = self.knowledge()
        rule = compile_rule(knowledge)
        contexts = [example.context for example in knowledge.examples]
        columns = {
            fact: np.array([context.get(fact) for context in contexts], dtype=object)
            for fact in rule.facts
        }
        together = rule.fires_each(columns, len(contexts)).tolist()
        assert together == [example.fires for example in knowledge.examples]

    def test_a_card_is_identified_by_its_call(self) -> None:
        """The same call gives the same uuids, another call others."""
        rule = compile_rule(self.knowledge())
        first, second = (rule.card(call) for call in _CALLS)
        assert first == rule.card(_CALLS[0])
        assert first["uuid"] != second["uuid"]
        assert rule.identify(_CALLS[0])[0] == first["uuid"]
        if rule.identify(_CALLS[0])[1]:
            assert rule.identify(_CALLS[0])[1] == first["suggestions"][0]["uuid"]
