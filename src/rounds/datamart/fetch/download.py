"""One file from the server to the disk: gone on with after a break, judged when whole.

References
----------
HL7 FHIR Bulk Data Access, "Bulk Data Output File Request".
https://hl7.org/fhir/uv/bulkdata/export.html
"""

import datetime as dt
import errno
import json
import os
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from rounds.datamart.fetch.failures import disk_full, file_incomplete
from rounds.datamart.fetch.folder import write_whole
from rounds.datamart.fetch.job import GONE, refusal
from rounds.datamart.fetch.lines import look_through
from rounds.datamart.fetch.manifest import ListedFile
from rounds.datamart.fetch.parts import continues, extent, is_framed, version
from rounds.datamart.fetch.wire import Answer, Call, Wire

__all__ = ["Fetched", "LinkGoneError", "Rates", "download", "fetched_before"]

_MARGIN = 64 << 20
"""Bytes that stay free on the disk."""

_LOOK_EVERY = 32 << 20
_TRIES_OF_A_WHOLE = 3


@dataclass(frozen=True)
class Fetched:
    """A file that is here, whole.

    Parameters
    ----------
    path : str
        Within the folder of the fetch.
    section, kind
        As in the manifest.
    n_bytes, n_lines : int
        As it lies on the disk, perhaps packed; and lines that are not blank.
    confirmed : bool
        Whether its length or its count was told. If not, the connection's end was
        taken for the file's.
    """

    path: str
    section: str
    kind: str
    n_bytes: int
    n_lines: int
    confirmed: bool


class LinkGoneError(Exception):
    """A file's link is not valid any more: the manifest may have a new one."""


class Rates:
    """Says how far the download is and how fast, every two seconds."""

    def __init__(self, wire: Wire, n_files: int) -> None:
        self._around, self._n_files = wire.around, n_files
        self._began = self._said = self._around.now()
        self._bytes = 0

    def add(self, n: int, listed: ListedFile, have: int, total: int | None) -> None:
        """Count bytes that came."""
        self._bytes += n
        now = self._around.now()
        if now - self._said < dt.timedelta(seconds=2):
            return
        self._said = now
        speed = self._bytes / max((now - self._began).total_seconds(), 1e-9)
        place = f"{listed.name} ({listed.number} of {self._n_files})"
        if total is None:
            self._around.tell(f"{place}: {have / 1e6:,.1f} MB, {speed / 1e6:,.1f} MB/s")
            return
        self._around.tell(
            f"{place}: {have / 1e6:,.1f} of {total / 1e6:,.1f} MB, "
            f"{speed / 1e6:,.1f} MB/s, {(total - have) / max(speed, 1.0):,.0f} s left"
        )


def fetched_before(folder: Path, listed: ListedFile) -> Fetched | None:
    """Give the file if it came whole in a former run."""
    found = _read(folder / "_working" / f"{listed.name}.done.json")
    try:
        before = Fetched(**found)
        size = (folder / before.path).stat().st_size
    except (TypeError, OSError):
        return None
    return before if size == before.n_bytes else None


def download(
    wire: Wire, listed: ListedFile, folder: Path, rates: Rates, *, with_token: bool
) -> Fetched:
    """Bring one file, and put it under its name when it is whole.

    Raises
    ------
    LinkGoneError
        If the server does not know the link any more.
    AccessError
        If we may not have it.
    SourceError
        If it does not come whole, or the disk has no room.
    """
    one = _Download(wire, listed, folder, rates, with_token=with_token)
    broken, wrong, furthest = 0, 0, 0
    while True:
        try:
            total = one.receive()
        except httpx.RequestError:
            have = one.have()
            broken = 1 if have > furthest else broken + 1
            furthest = max(furthest, have)
            if broken >= wire.patience.tries:
                how = f"the connection broke {broken} times at the same place"
                raise file_incomplete(listed.name, one.call.host, how) from None
            wire.around.tell(f"{listed.name}: the connection broke; going on")
            wire.pause(wire.patience.wait(broken), one.call)
            continue
        fault = one.judge(total)
        if not fault:
            return one.put_in_place(confirmed=one.confirmed)
        one.start_over()
        wrong, furthest = wrong + 1, 0
        if wrong >= _TRIES_OF_A_WHOLE:
            raise file_incomplete(listed.name, one.call.host, fault)
        wire.around.tell(f"{listed.name}: {fault}; asked for once more")
        wire.pause(wire.patience.wait(wrong), one.call)


class _Download:
    def __init__(
        self,
        wire: Wire,
        listed: ListedFile,
        folder: Path,
        rates: Rates,
        *,
        with_token: bool,
    ) -> None:
        self._wire, self._listed, self._rates = wire, listed, rates
        self._folder = folder
        self._part = folder / "_working" / f"{listed.name}.part"
        self._mark = folder / "_working" / f"{listed.name}.mark.json"
        self._with_token = with_token
        self.confirmed = False
        self.call = self._call({})

    def _call(self, headers: dict[str, str]) -> Call:
        return Call(
            self._listed.url,
            f"the file {self._listed.name}",
            accept="application/fhir+ndjson",
            headers={"Accept-Encoding": "gzip", **headers},
            limit=None,
            with_token=self._with_token,
        )

    def have(self) -> int:
        """Give the bytes that are here."""
        return self._part.stat().st_size if self._part.exists() else 0

    def start_over(self) -> None:
        """Throw away what is here."""
        self._part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)

    def receive(self) -> int | None:
        """Receive what is missing; give the whole's bytes if they were told."""
        mark, have = _read(self._mark), self.have()
        headers = {}
        # Without a mark of the file's version, two halves might be of two files.
        if have and mark.get("version"):
            headers = {"Range": f"bytes={have}-", "If-Range": mark["version"]}
        answer = self._wire.ask(self._call(headers))
        if answer.status == 416 and have and mark.get("total") == have:
            self.confirmed = True
            return have
        if headers and not continues(answer, have, mark):
            answer.response.close()
            self.start_over()
            headers, have = {}, 0
            answer = self._wire.ask(self._call({}))
        with closing(answer.response):
            self._insist_on_content(answer)
            if answer.status == 206 and not headers:
                raise answer.unusable("it sent a part where all was asked for")
            from_byte, total = extent(answer)
            self._insist_on_room(total, from_byte)
            self.confirmed = total is not None or is_framed(answer)
            if answer.status == 200:
                self._begin(answer, total)
            self._write(answer, from_byte, total)
        return total

    def _begin(self, answer: Answer, total: int | None) -> None:
        """Keep what tells this version of the file from another, then its bytes."""
        self._part.unlink(missing_ok=True)
        write_whole(self._mark, {"version": version(answer), "total": total})

    def _insist_on_content(self, answer: Answer) -> None:
        # A link that is a secret by itself says "forbidden" when its time is over.
        own_secret = not self._with_token and answer.status in {401, 403}
        if answer.status in GONE or own_secret:
            raise LinkGoneError
        self._wire.admitted(answer)
        if answer.status not in {200, 206}:
            raise refusal(answer)
        packing = answer.response.headers.get("content-encoding", "identity").lower()
        if packing not in {"", "identity", "gzip", "x-gzip"}:
            raise answer.unusable("it is packed in a way that was not asked for")

    def _insist_on_room(self, total: int | None, have: int) -> None:
        missing = (total or have) - have + _MARGIN
        free = self._wire.around.free_bytes(self._folder)
        if free < missing:
            raise disk_full(self._listed.name, self._folder.parent, missing, free)

    def _write(self, answer: Answer, have: int, total: int | None) -> None:
        """Write what comes as it comes: unpacked bytes could not be gone on with."""
        handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        looked = have
        try:
            with os.fdopen(handle, "wb") as stream:
                for block in answer.response.iter_raw():
                    stream.write(block)
                    have += len(block)
                    self._rates.add(len(block), self._listed, have, total)
                    if have - looked > _LOOK_EVERY:
                        stream.flush()
                        looked = have
                        self._insist_on_room(None, have)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            free = self._wire.around.free_bytes(self._folder)
            missing = (total or have) - have + _MARGIN
            raise disk_full(
                self._listed.name, self._folder.parent, missing, free
            ) from None

    def judge(self, total: int | None) -> str:
        """Say why what is here is not the whole file; nothing if it is."""
        have = self.have()
        if total is not None and have != total:
            return f"{have:,} bytes came of {total:,}"
        if not have and self._listed.count is None and total is None:
            return "it is empty, and nothing says that it should be"
        if not self._part.exists():
            self._part.touch(0o600)
        content = look_through(self._part)
        if content.fault:
            return content.fault
        expected = self._listed.count
        if expected is not None and content.lines != expected:
            return f"it has {content.lines:,} lines, {expected:,} were announced"
        self._content = content
        return ""

    def put_in_place(self, *, confirmed: bool) -> Fetched:
        """Give the file its name."""
        where = "_errors/" if self._listed.section == "error" else ""
        ending = ".ndjson.gz" if self._content.gzipped else ".ndjson"
        fetched = Fetched(
            path=f"{where}{self._listed.name}{ending}",
            section=self._listed.section,
            kind=self._listed.kind,
            n_bytes=self.have(),
            n_lines=self._content.lines,
            confirmed=confirmed or self._listed.count is not None,
        )
        target = self._folder / fetched.path
        target.parent.mkdir(mode=0o700, exist_ok=True)
        done = self._folder / "_working" / f"{self._listed.name}.done.json"
        write_whole(done, asdict(fetched))
        self._part.replace(target)
        self._mark.unlink(missing_ok=True)
        return fetched


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
