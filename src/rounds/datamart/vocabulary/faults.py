"""What is wrong with a vocabulary's files, said with the file and the line.

A vocabulary holds no rows about persons, but a file may be another than it seems: no
value of it is ever shown.
"""

from pathlib import Path

from rounds.nouns.errors import DataError, SourceError

__all__ = ["broken", "full_disk_or", "not_a_vocabulary"]


def broken(file: str, line: int | None, what: str, *remedies: str) -> DataError:
    """Say that a file cannot be trusted, so that nothing of the folder is loaded.

    Parameters
    ----------
    file : str
        Its name.
    line : int or None
        The line, counted from 1 with the header; None if no line is to blame.
    what : str
        What is wrong there.
    *remedies : str
        What to try; by default another download.
    """
    place = file if line is None else f"{file}:{line}"
    return DataError(
        f"{place}: {what}.",
        code="vocabulary-broken",
        why="Codes would be mapped by half a vocabulary; nothing of it was loaded.",
        remedies=remedies
        or (
            "Download the vocabulary again from athena.ohdsi.org, and unpack it anew.",
        ),
    )


def not_a_vocabulary(folder: Path, why: str) -> DataError:
    """Say that nothing in a folder is a vocabulary."""
    return DataError(
        f"There is no vocabulary in {folder}: {why}",
        code="not-a-vocabulary",
        remedies=(
            "Give the folder of an unpacked download from athena.ohdsi.org.",
            "Give a folder of FHIR ValueSet or ConceptMap resources, as JSON.",
        ),
    )


def full_disk_or(error: Exception, what: str) -> DataError | SourceError:
    """Say what an engine's error means, without its words, which quote the input."""
    words = str(error).lower()
    if any(sign in words for sign in ("no space", "file too large", "could not write")):
        return SourceError(
            "The disk is full: the vocabulary could not be written.",
            code="disk-full",
            why="The vocabulary in force is as it was before.",
            remedies=(
                "Free some space; a vocabulary needs about twice its files' size.",
            ),
        )
    if isinstance(error, PermissionError) or "permission denied" in words:
        return SourceError(
            "Permission denied on the vocabulary's files, or where it is written.",
            code="not-permitted",
            why="The vocabulary in force is as it was before.",
            remedies=("Ask for permission to read the one and write the other.",),
        )
    return broken(what, None, f"it could not be read ({type(error).__name__})")
