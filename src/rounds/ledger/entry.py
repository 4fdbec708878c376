"""One link of the chain: what was published, by whom, and the hash that seals it."""

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, fields

from rounds.nouns import Ref

__all__ = ["GENESIS", "Entry", "Finding", "Head", "Receipt"]

GENESIS = "0" * 64
"""What the first entry names as the hash before it."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One published noun, as the registry keeps it.

    `entry_hash` is the SHA-256 of the canonical JSON of all other fields, so that a
    reader needs nothing but a JSON library to check the chain.
    """

    sequence: int
    kind: str
    name: str
    version: str
    content_hash: str
    """SHA-256 of `payload`."""
    payload: str
    """The noun's canonical JSON, as text, so that no byte of it can change unseen."""
    at: str
    """ISO 8601, as it was passed in."""
    by: str
    code_version: str
    previous_hash: str
    entry_hash: str = ""

    def computed_hash(self) -> str:
        """Give the hash that the other fields ask for.

        Returns
        -------
        str
            64 hexadecimal digits.
        """
        content = asdict(self)
        del content["entry_hash"]
        return hashlib.sha256(canonical(content).encode()).hexdigest()

    @property
    def ref(self) -> Ref:
        """The Ref of the noun that it holds."""
        name = f"{self.kind}/{self.name}"
        return Ref(name=name, version=self.version, hash=self.content_hash)

    def to_json_line(self) -> str:
        """Give the line of `ledger.jsonl`, without its newline."""
        return canonical(asdict(self))


FIELDS = tuple(field.name for field in fields(Entry))


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What `publish` gives back: the noun is in the ledger, here and since then."""

    ref: Ref
    sequence: int
    entry_hash: str
    at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last entry; exported and kept elsewhere, it shows when one goes missing."""

    sequence: int
    entry_hash: str

    def as_dict(self) -> dict[str, object]:
        """Give what `HEAD.json` holds."""
        return {"sequence": self.sequence, "entry_hash": self.entry_hash}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it was written."""

    code: str
    what: str
    sequence: int | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        where = "" if self.sequence is None else f"entry {self.sequence}: "
        return f"{where}{self.what}"

    def as_dict(self) -> dict[str, object]:
        """Give the same for JSON."""
        return {"code": self.code, "sequence": self.sequence, "what": self.what}


def canonical(content: dict[str, object]) -> str:
    """Write JSON in the one way that is hashed: sorted keys, no white space."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
