"""Who, from when, until when (OHDSI Circe)."""

from typing import Any, ClassVar

from pydantic import field_validator

from rounds.nouns.base import Noun, Published
from rounds.nouns.circe import canonical, misfits
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = ["AttritionStep", "Cohort", "CohortResult"]


class Cohort(Published):
    """Persons who fit a definition, each from a first to a last day (OHDSI Circe).

    Its parts are entry events, inclusion rules, exit and collapse. What Circe takes as
    not given is left out, so that equal expressions have one content hash.
    """

    kind: ClassVar[str] = "cohort"
    title: str
    description: str = ""
    expression: dict[str, Any]
    """The Circe expression, as ATLAS exports it."""

    @field_validator("expression", mode="before")
    @classmethod
    def _as_circe_has_it(cls, value: Any) -> Any:
        plain = canonical(value)
        problems = misfits(plain)
        if problems:
            raise ValueError("\n".join(problems))
        return plain

    @property
    def inclusion_rules(self) -> tuple[str, ...]:
        """The names of the inclusion rules, in their order."""
        rules = self.expression.get("InclusionRules", [])
        return tuple(
            rule.get("name") or f"inclusion rule {n}" for n, rule in enumerate(rules, 1)
        )


class AttritionStep(Noun):
    """What one step of the attrition leaves of those who entered."""

    name: str
    """`entry events`, or an inclusion rule's name."""
    persons: int | None = None
    """With an entry event that meets this rule and all before it."""
    events: int | None = None
    """Such entry events."""
    persons_alone: int | None = None
    """With an entry event that meets this rule, whatever the others say."""


class CohortResult(Noun):
    """A cohort on one snapshot, in counts that have not been suppressed yet."""

    cohort: Ref
    title: str = ""
    snapshot: str | None = None
    """The datamart's snapshot that was read."""
    attrition: tuple[AttritionStep, ...] = ()
    """The entry events first, then each inclusion rule."""
    persons: int | None = None
    """In the cohort, after exit, collapse and the censor window."""
    periods: int | None = None
    """Rows of the cohort: one person may have several, apart in time."""
    by_sex: tuple[UnitResult, ...] = ()
    by_age: tuple[UnitResult, ...] = ()
    """By age in the year of a person's first cohort start."""
    unused_concepts: tuple[str, ...] = ()
    """Listed concepts that no row of the data has, with their concept set."""
    limitations: tuple[str, ...] = ()
    suppressed: bool = False
