"""The packet of the monitoring board: what was seen, for those who are named."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rounds.conduct.desk import Desk
from rounds.conduct.disclosure_settings import user_of_this_process
from rounds.loop.evaluation.looks import LookRecord
from rounds.nouns import (
    AccessError,
    Community,
    DataError,
    DefinitionError,
    Look,
    Problem,
    Protocol,
    Rollout,
)

__all__ = ["BoardPacket", "board_packet"]

ROLE = "monitoring_board"


@dataclass(frozen=True, repr=False)
class BoardPacket:
    """What the board reads of all looks so far."""

    member: str
    rollout: str
    title: str
    protocol: str
    public: tuple[Look, ...]
    looks: tuple[LookRecord, ...]

    def __repr__(self) -> str:
        """Show nothing that was seen."""
        return f"<packet of {len(self.looks)} looks>"

    def as_dict(self) -> dict[str, Any]:
        """Give it for JSON; which letter is which arm is not in it."""
        looks = []
        for one, public in zip(self.looks, self.public, strict=True):
            plain = asdict(one)
            plain.pop("letter_of_active")
            chance = plain.pop("chance")
            if chance is not None and one.letter_of_active == "B":
                chance = round(1 - chance, 3)
            plain["chance_of_a"] = chance
            plain["diagnostics"] = [_without_arms(d) for d in one.diagnostics]
            plain["told_to_everybody"] = public.verdict
            looks.append(plain)
        return {
            "for": self.member,
            "rollout": self.rollout,
            "title": self.title,
            "protocol": self.protocol,
            "looks": looks,
        }


def board_packet(desk: Desk, member: str, folder: Path) -> BoardPacket:
    """Give the packet to a named member of the board, and write down that it was.

    Parameters
    ----------
    member : str
        A member of the problem's community with the role `monitoring_board`, whom
        `[monitoring.board]` in rounds.toml gives to the user of this process.
    folder : Path
        Where it will be written: not where the project's files are committed.

    Raises
    ------
    AccessError
        If the person is no member of the board, or somebody else asks in that name.
    DataError
        If no look was made yet, or the audit file cannot be written.
    DefinitionError
        If the folder belongs to what is published.
    """
    rollout = desk.latest(Rollout)
    protocol = desk.read(rollout.protocol, Protocol)
    user = user_of_this_process()
    what = f"board packet of {rollout.ref().short}"
    allowed = _is_member(desk, protocol, member) and _is_user(desk, member, user)
    if not allowed:
        desk.project.audit(
            desk.now(), "evaluation monitor", what, by=user, member=member, refused=True
        )
        raise _not_of_the_board(member)
    _outside(desk, folder)
    kept = desk.practice.looks(rollout.ref())
    if not kept:
        raise DataError(
            "Nobody has looked at this trial yet.",
            code="no-look-yet",
            remedies=("Look first: rounds evaluation monitor",),
        )
    public = {
        look.number: look
        for entry in desk.ledger.entries()
        if entry.kind == Look.kind
        and (look := desk.read(entry.ref, Look)).rollout == rollout.ref()
    }
    desk.project.audit(desk.now(), "evaluation monitor", what, by=user, member=member)
    return BoardPacket(
        member=member,
        rollout=rollout.ref().short,
        title=rollout.title,
        protocol=protocol.ref().short,
        public=tuple(public[one.number] for one in kept),
        looks=tuple(LookRecord.from_json(one.record) for one in kept),
    )


def _without_arms(check: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a passed check counted by arm: letters would be told apart."""
    return check | {"detail": ""} if check["verdict"] == "pass" else check


def _is_member(desk: Desk, protocol: Protocol, member: str) -> bool:
    community = desk.read(desk.read(protocol.problem, Problem).community, Community)
    return any(one.name == member and one.role == ROLE for one in community.members)


def _is_user(desk: Desk, member: str, user: str) -> bool:
    section = desk.project.settings.get("monitoring", {})
    board = section.get("board", {}) if isinstance(section, dict) else None
    if not isinstance(board, dict) or not all(
        isinstance(one, str) for one in board.values()
    ):
        raise DefinitionError(
            "[monitoring.board] in rounds.toml gives each member a user here.",
            code="monitoring-settings",
            remedies=('"Dr Ida Mann" = "ida", under [monitoring.board]',),
        )
    return bool(board.get(member) == user)


def _not_of_the_board(member: str) -> AccessError:
    return AccessError(
        f"{member!r} may not see what a look saw, as the user of this process.",
        code="not-of-the-board",
        why="Whoever runs or cares in a trial stays blind to it; the board does not.",
        remedies=(
            "Name the person in the community, with the role monitoring_board.",
            '"Dr Ida Mann" = "ida", under [monitoring.board] in rounds.toml.',
        ),
    )


def _outside(desk: Desk, folder: Path) -> None:
    """Refuse a folder whose files are committed or published with the project."""
    root, at = desk.project.root.resolve(), Path(folder).resolve()
    if at.is_relative_to(root) and not at.is_relative_to(
        desk.project.private.resolve()
    ):
        raise DefinitionError(
            f"{folder} is among the project's files, which others read.",
            code="packet-in-project",
            why="A packet is for the board alone.",
            remedies=(
                "Name a folder outside the project.",
                "Name one that is never committed: --packet private/board",
            ),
        )
