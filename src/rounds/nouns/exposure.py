"""What was shown and done at the point of care. Never published."""

import datetime as dt
from typing import Literal

from rounds.nouns.base import Noun

__all__ = ["Exposure"]


class Exposure(Noun):
    """One call of a service, for both arms: what was, or would have been, shown."""

    hook_instance: str
    """The caller's identifier of the call (CDS Hooks `hookInstance`)."""
    service: str
    knowledge_object: str
    """Ref of the version in force, as text."""
    person_source_value: str
    encounter: str | None
    """FHIR id of the Encounter, where it was prefetched."""
    clinic: str | None = None
    """FHIR id of the Organization where it happened, where it could be resolved."""
    unit: str | None
    """The clinic, patient or encounter that was randomised; None where unresolved."""
    arm: Literal["active", "silent", "all", "none"]
    """`all` after adoption, `none` where no arm could be resolved."""
    due: bool
    """Whether the knowledge fired."""
    shown: bool
    card: str | None = None
    """uuid of the card shown."""
    suggestion: str | None = None
    occurred: dt.datetime
    """When it happened in the caller's world: the start of the encounter."""
    received: dt.datetime
    """When the server received it, by its own clock."""
    feedback: Literal["accepted", "overridden", "ignored"] | None = None
    override_reason: str | None = None

    def __repr__(self) -> str:
        """Show no value of a person."""
        return f"<Exposure arm={self.arm} shown={self.shown}>"

    __str__ = __repr__
