"""What a fetch brought: files, lines, and what the server could not give."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rounds.datamart.fetch.download import Fetched

__all__ = ["FetchReport"]


@dataclass(frozen=True, kw_only=True)
class FetchReport:
    """One whole fetch.

    Parameters
    ----------
    folder : Path
        Where its files are; the load takes the folder above it, with all fetches.
    transaction_time : str
        The server's moment that the records are true of; `--since last` begins there.
    since : str or None
        What changed after which moment; None for all.
    how : str
        `new`, `resumed` (the same job on the server), or `begun again` (the server had
        lost the job).
    files : tuple of Fetched
        Each file.
    issues : mapping of str to int
        `severity code` → how many, of what the server says it could not give.
    let_go : bool
        Whether the server heard that it may forget the job.
    """

    folder: Path
    transaction_time: str
    since: str | None
    how: str
    files: tuple[Fetched, ...]
    issues: Mapping[str, int]
    let_go: bool

    @property
    def by_kind(self) -> dict[str, tuple[int, int, int]]:
        """Give files, lines and bytes of each type; deletions and errors apart."""
        found: dict[str, tuple[int, int, int]] = {}
        named = {"deleted": "(deletions)", "error": "(errors)"}
        for each in self.files:
            kind = named.get(each.section, each.kind)
            files, lines, n_bytes = found.get(kind, (0, 0, 0))
            found[kind] = files + 1, lines + each.n_lines, n_bytes + each.n_bytes
        return found

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """Name the files whose length nobody told."""
        return tuple(each.path for each in self.files if not each.confirmed)

    def as_dict(self) -> dict[str, Any]:
        """Give what JSON can hold."""
        return {
            "folder": str(self.folder),
            "transaction_time": self.transaction_time,
            "since": self.since,
            "how": self.how,
            "types": {
                kind: {"files": files, "lines": lines, "bytes": n_bytes}
                for kind, (files, lines, n_bytes) in self.by_kind.items()
            },
            "files": [asdict(each) for each in self.files],
            "issues": dict(self.issues),
            "unconfirmed": list(self.unconfirmed),
            "job_deleted": self.let_go,
        }
