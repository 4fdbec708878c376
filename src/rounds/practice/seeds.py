"""The seed of an allocation: kept in a private file, shown to be what was promised.

A commitment is the SHA-256 of 64 bytes, the 32 of the seed and then the 32 of the
salt, written as 64 hexadecimal digits. Both lengths are fixed, so that no other pair
can be cut from the same bytes.
"""

import hashlib
import hmac
import os
from pathlib import Path

from rounds.nouns import AccessError, DataError, DefinitionError, Ref

__all__ = ["Seed", "commitment", "verify_commitment"]

_LENGTH = 32


class Seed:
    """Seed and salt, which no repr shows."""

    __slots__ = ("salt", "seed")

    def __init__(self, seed: bytes, salt: bytes) -> None:
        if len(seed) != _LENGTH or len(salt) != _LENGTH:
            raise DefinitionError(
                f"The seed has {len(seed)} bytes and the salt {len(salt)}; "
                f"each has {_LENGTH}.",
                code="seed-length",
                why="With free lengths one commitment would fit several seeds.",
                remedies=("Take each from secrets.token_bytes(32).",),
            )
        self.seed = seed
        self.salt = salt

    def __repr__(self) -> str:
        return "<Seed: private until enrolment closes>"

    def commitment(self) -> str:
        """Give what may be published: SHA-256 over seed and salt."""
        return hashlib.sha256(self.seed + self.salt).hexdigest()


def commitment(seed: bytes, salt: bytes) -> str:
    """Give the commitment to a seed and a salt of 32 bytes each.

    Raises
    ------
    DefinitionError
        If either has another length.

    Examples
    --------
    >>> commitment(bytes(32), bytes(32))[:12]
    'f5a5fd42d16a'
    """
    return Seed(seed, salt).commitment()


def verify_commitment(promised: str, seed: bytes, salt: bytes) -> bool:
    """Say whether a revealed seed and salt are those that were committed to."""
    if len(seed) != _LENGTH or len(salt) != _LENGTH:
        return False
    return hmac.compare_digest(promised, commitment(seed, salt))


def keep(folder: Path, rollout: Ref, seed: Seed) -> None:
    """Write a rollout's seed file (mode 0600), durably; the same again is no error."""
    path = _path(folder, rollout)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = seed.seed.hex() + "\n" + seed.salt.hex() + "\n"
    partial = path.with_suffix(f".{os.getpid()}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load(folder: Path, rollout: Ref, promised: str) -> Seed:
    """Read a rollout's seed file and hold it to its commitment.

    Raises
    ------
    AccessError
        If others than the owner may read the file.
    DataError
        If the file is missing, broken, or not what was committed to.
    """
    path = _path(folder, rollout)
    try:
        if path.stat().st_mode & 0o077:
            raise AccessError(
                f"The seed of {rollout.name} can be read by others.",
                code="seed-readable",
                why="Who can read the seed can foretell the allocation.",
                remedies=(f"chmod 600 {path}",),
            )
        lines = path.read_text().split()
        seed = Seed(bytes.fromhex(lines[0]), bytes.fromhex(lines[1]))
    except (OSError, ValueError, IndexError, DefinitionError):
        raise DataError(
            f"The seed file of {rollout.name} is missing or broken.",
            code="seed-missing",
            why="Without it new patients cannot be allocated as was promised.",
            remedies=(f"Restore {path} from a backup.",),
        ) from None
    if not hmac.compare_digest(promised, seed.commitment()):
        raise DataError(
            f"The seed file of {rollout.name} is not what was committed to.",
            code="seed-changed",
            why="An allocation from another seed is not the one that was promised.",
            remedies=(f"Restore {path} from a backup.",),
        )
    return seed


def _path(folder: Path, rollout: Ref) -> Path:
    name = rollout.name.partition("/")[2]
    return folder / f"{name}-{rollout.hash[:12]}.seed"
