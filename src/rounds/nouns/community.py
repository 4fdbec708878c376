"""Who learns together."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from rounds.nouns.base import Noun, Published

__all__ = ["Community", "Member", "Waiver"]

Role = Literal[
    "patient_partner",
    "community_partner",
    "sponsor",
    "clinician",
    "analyst",
    "owner",
    "informatician",
    "reviewer",
    "ethics",
    "monitoring_board",
]


class Member(Noun):
    """A person who takes part, by the name they wish to be known by."""

    name: str
    role: Role


class Waiver(Noun):
    """A required role left empty, said openly."""

    role: Literal["patient_partner", "sponsor"]
    reason: str
    waived_by: str


class Community(Published):
    """The people around a problem.

    It needs a patient or community partner and a sponsor, or a recorded waiver of each.
    """

    kind: ClassVar[str] = "community"
    title: str = ""
    members: tuple[Member, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        roles = {member.role for member in self.members}
        waived = {waiver.role for waiver in self.waivers if waiver.reason.strip()}
        missing = []
        if not roles & {"patient_partner", "community_partner"}:
            missing.append("patient_partner")
        if "sponsor" not in roles:
            missing.append("sponsor")
        missing = [role for role in missing if role not in waived]
        if missing:
            raise ValueError(
                f"no {' and no '.join(missing)} is named; "
                "name one, or record a waiver with its reason"
            )
        return self
