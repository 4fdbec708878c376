"""The nouns of a trial that has at least been registered."""

from dataclasses import dataclass
from typing import Self

from rounds.nouns import (
    Decision,
    DefinitionError,
    Evaluation,
    Evidence,
    KnowledgeObject,
    Problem,
    Protocol,
    Rollout,
)
from rounds.reports.story import Story

__all__ = ["Trial"]


@dataclass(frozen=True)
class Trial:
    """A story whose protocol and rollout are there."""

    story: Story
    protocol: Protocol
    rollout: Rollout

    @classmethod
    def of(cls, story: Story) -> Self:
        """Take a story's trial.

        Raises
        ------
        DefinitionError
            If nothing has been registered yet.
        """
        if story.protocol is None or story.rollout is None:
            raise DefinitionError(
                f"{story.problem.title}: no rollout has been registered, so there is "
                "no trial to report.",
                code="nothing-to-report",
                remedies=("Register the change first: rounds change run",),
            )
        return cls(story, story.protocol, story.rollout)

    @property
    def problem(self) -> Problem:
        """What it is about."""
        return self.story.problem

    @property
    def evidence(self) -> Evidence | None:
        """What was known before."""
        return self.story.evidence

    @property
    def knowledge(self) -> KnowledgeObject | None:
        """What was put to the test."""
        return self.story.knowledge_object

    @property
    def evaluation(self) -> Evaluation | None:
        """What was found."""
        return self.story.evaluation

    @property
    def decision(self) -> Decision | None:
        """What was decided."""
        return self.story.decision

    @property
    def what(self) -> str:
        """What was randomised, for people to read."""
        return f"{self.rollout.design.unit}s"
