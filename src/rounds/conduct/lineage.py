"""The threads of the ledger, led on from a snapshot to the files it was made of."""

from dataclasses import replace

from rounds.conduct.desk import Desk
from rounds.datamart import Snapshot, Store
from rounds.datamart.deidentify import shown_name
from rounds.ledger import Impact, Trail
from rounds.nouns import DefinitionError

__all__ = ["impact_of_file", "why_with_files"]

_MOST_FILES = 25
"""Shown of one source; JSON and `rounds data history` have them all."""


def why_with_files(desk: Desk, ref: str) -> Trail:
    """Walk back from a noun, and from its snapshots to their files."""
    return _led_on(desk.ledger.why(ref), _snapshots(desk))


def impact_of_file(desk: Desk, file: str) -> Impact:
    """Walk forward from a file, by its name or the beginning of its SHA-256.

    Raises
    ------
    DefinitionError
        If no snapshot holds such a file, or nothing published rests on one that does.
    """
    snapshots = _snapshots(desk).values()
    holding = {each.id for each in snapshots if _holds(each, file)}
    if not holding:
        raise DefinitionError(
            f"No snapshot of this datamart holds a file {file!r}.",
            code="unknown-file",
            remedies=("See the files of each: rounds data history --json",),
        )
    reached = []
    for snapshot in sorted(holding):
        try:
            reached.append(desk.ledger.impact(f"snapshot:{snapshot}"))
        except DefinitionError as error:
            if error.code != "nothing-cites":
                raise
    if not reached:
        raise DefinitionError(
            f"Nothing published rests on {file!r}.",
            code="nothing-cites",
            remedies=("What has been published: rounds loop",),
        )
    return Impact(
        trail=Trail(label=f"file {file}", trails=tuple(each.trail for each in reached)),
        decisions=tuple(dict.fromkeys(ref for one in reached for ref in one.decisions)),
        live=tuple(dict.fromkeys(ref for one in reached for ref in one.live)),
    )


def _snapshots(desk: Desk) -> dict[str, Snapshot]:
    if not desk.project.datamart.exists():
        return {}
    return {each.id: each for each in Store(desk.project.datamart).history()}


def _holds(snapshot: Snapshot, file: str) -> bool:
    return any(
        file in (each.name, each.name.rpartition("/")[2])
        or (len(file) >= 8 and each.sha256.startswith(file.lower()))
        for source in snapshot.sources
        for each in source.files
    )


def _led_on(trail: Trail, snapshots: dict[str, Snapshot]) -> Trail:
    name = trail.label.removeprefix("snapshot ")
    if trail.label.startswith("snapshot ") and name in snapshots:
        return replace(trail, trails=_sources(snapshots[name]))
    return replace(
        trail, trails=tuple(_led_on(each, snapshots) for each in trail.trails)
    )


def _sources(snapshot: Snapshot) -> tuple[Trail, ...]:
    return tuple(
        Trail(
            label=f"source {source.name}",
            relation=source.shape,
            title=source.loaded_from,
            note=f"{len(source.files)} files",
            trails=tuple(
                # A file may be named after a person; its SHA-256 finds it.
                Trail(
                    label=f"file {shown_name(number, file.name)}",
                    note=f"sha256 {file.sha256[:12]}",
                )
                for number, file in enumerate(source.files[:_MOST_FILES], start=1)
            ),
        )
        for source in snapshot.sources
    )
