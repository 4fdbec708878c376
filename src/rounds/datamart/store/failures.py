"""What can be wrong with a datamart's folder, in a person's words."""

from pathlib import Path

from rounds.nouns.errors import DataError, DefinitionError, SourceError

__all__ = [
    "damaged",
    "load_running",
    "made_by_an_older_version",
    "missing",
    "no_such_snapshot",
    "not_a_datamart",
    "not_permitted",
    "snapshot_not_kept",
]


def missing(path: Path) -> DataError:
    """Nothing has been loaded there."""
    return DataError(
        f"There is no datamart at {path}.",
        code="datamart-missing",
        why="Measures are computed from a datamart.",
        remedies=(
            "Load one: rounds data load FOLDER.",
            "Make a project with one: rounds init DIR --from FOLDER.",
        ),
    )


def damaged(path: Path, what: str) -> DataError:
    """Something of it is not as it was written.

    Parameters
    ----------
    what : str
        The file of the datamart that is wrong, and how.
    """
    return DataError(
        f"The datamart at {path} is damaged: {what}.",
        code="datamart-damaged",
        why="What is left of it could answer wrongly.",
        remedies=(
            "Go back to a whole snapshot: rounds data history, then rollback NUMBER.",
            "Put the folder back from a copy.",
            "Move the folder away and load every source again.",
        ),
    )


def made_by_an_older_version(path: Path, at: Path | None = None) -> DataError:
    """A single DuckDB file, as datamarts were before they had snapshots."""
    again = f"Load again: rounds data load FOLDER (into {at or 'another path'})."
    return DataError(
        f"The datamart at {path} was made by an older version of Rounds.",
        code="datamart-older",
        why="A datamart is a folder of snapshots now; it is made anew from the source.",
        remedies=(again, "Remove the old file afterwards: it holds persons' rows."),
    )


def not_a_datamart(path: Path) -> DataError:
    """Something else stands where a datamart is, or was to be."""
    return DataError(
        f"What stands at {path} is not a datamart.",
        code="not-a-datamart",
        why="A load would mix with what is there, or destroy it.",
        remedies=(
            "Give the folder of a datamart, or a path that is not there yet.",
            "If a load made it and broke off, remove it and load again.",
        ),
    )


def load_running(path: Path, seconds: float) -> SourceError:
    """A second writer came."""
    waited = f", after {seconds:g} s of waiting" if seconds else ""
    return SourceError(
        f"Another load is running into the datamart at {path}{waited}.",
        code="load-running",
        why="Two loads at once would each leave out what the other brings.",
        remedies=(
            "Wait for it and load again; what it has loaded is skipped.",
            "Let this one wait: rounds data load --wait SECONDS.",
        ),
    )


def no_such_snapshot(
    path: Path, wanted: int | str, known: list[int]
) -> DefinitionError:
    """A number or an id that no manifest has."""
    there = ", ".join(map(str, known[:20])) or "none"
    return DefinitionError(
        f"There is no snapshot {wanted!r} in the datamart at {path}.",
        code="no-such-snapshot",
        why=f"These are there: {there}.",
        remedies=("Look at them: rounds data history.",),
    )


def not_permitted(path: Path) -> SourceError:
    """Another account's."""
    return SourceError(
        f"The datamart at {path} may not be read.",
        code="not-permitted",
        remedies=("Ask its owner for read permission on the folder and its files.",),
    )


def snapshot_not_kept(path: Path, number: int, kept: list[int]) -> DataError:
    """Its manifest is there; its parts have been removed."""
    there = ", ".join(map(str, kept)) or "none"
    return DataError(
        f"The files of snapshot {number} of {path} have been removed.",
        code="snapshot-not-kept",
        why=f"Files of the last snapshots are kept; whole are: {there}.",
        remedies=(
            "Choose one of those.",
            "Load the files again that it was made from: its manifest names them.",
        ),
    )
