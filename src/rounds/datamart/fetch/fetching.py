"""A whole fetch: job, manifest, files, and only then a place among what is loaded."""

import datetime as dt
import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlsplit

from rounds.datamart.fetch.backend_services import BackendServices, Credentials
from rounds.datamart.fetch.download import (
    Fetched,
    LinkGoneError,
    Rates,
    download,
    fetched_before,
)
from rounds.datamart.fetch.failures import (
    answer_unusable,
    file_incomplete,
    folder_unusable,
    nothing_given,
)
from rounds.datamart.fetch.folder import NOTE, Folder, Job, opened, write_whole
from rounds.datamart.fetch.job import GONE, kick_off, let_go, refusal, wait_for
from rounds.datamart.fetch.manifest import ListedFile, Manifest
from rounds.datamart.fetch.outcomes import summarise
from rounds.datamart.fetch.patience import Patience, Surroundings
from rounds.datamart.fetch.report import FetchReport
from rounds.datamart.fetch.request import FetchRequest
from rounds.datamart.fetch.wire import Answer, Wire
from rounds.nouns.errors import DataError, DefinitionError, RoundsError

__all__ = ["fetch"]

_MOST_NEW_LINKS = 2


def fetch(
    request: FetchRequest,
    into: Path,
    *,
    around: Surroundings,
    credentials: Credentials | None = None,
    since_last: bool = False,
    anew: bool = False,
    patience: Patience | None = None,
) -> FetchReport:
    """Fetch records by FHIR Bulk Data Access into a folder.

    A fetch that was interrupted goes on where it was: with the same job while the
    server has it, and with the bytes that are here. What is not whole lies where no
    load sees it.

    Parameters
    ----------
    request : FetchRequest
        What is asked for.
    into : Path
        The folder; each fetch makes one within it.
    around : Surroundings
        The clock, and all else that comes from outside.
    credentials : Credentials, optional
        For SMART Backend Services; without them the server is asked without a token.
    since_last : bool
        Only what changed since the last fetch of the same scope into this folder.
    anew : bool
        Give up a fetch that was interrupted, and begin again.
    patience : Patience, optional
        Limits on waiting and on tries.

    Returns
    -------
    FetchReport

    Raises
    ------
    SourceError
        If the server fails, refuses, or sends what is not whole; or the disk is full.
    AccessError
        If the server does not let us in, an address is not https, or the token would go
        to an origin that is neither the server's nor among the credentials'.
    DataError
        If the folder cannot be used, or holds an unfinished fetch of something else.
    DefinitionError
        If there is no last fetch to begin from.
    """
    into = Path(into)
    if since_last:
        _since_last(request, Folder.read(into))
    try:
        with opened(into) as folder:
            if since_last:
                request = _since_last(request, folder)
            origins = credentials.token_origins if credentials else ()
            wire = Wire(request.server, around, patience, token_origins=origins)
            try:
                if credentials is not None:
                    wire.tokens = BackendServices(wire, request, credentials)
                return _Fetch(wire, folder, request).run(anew=anew)
            finally:
                wire.close()
    except OSError as error:
        # The system's own sentence for its number; no name of a file is in it.
        raise folder_unusable(into, os.strerror(error.errno or errno.EIO)) from None


def _since_last(request: FetchRequest, folder: Folder) -> FetchRequest:
    last = folder.last(request.scope)
    if last is None:
        raise DefinitionError(
            f"There is no last fetch in {folder.path} to go on from.",
            code="fetch-no-last",
            why="What changed since then is known for the same server, group, types "
            "and filters only; anything else would have gaps.",
            remedies=(
                "Fetch all once, without --since.",
                "Name the moment: --since 2024-01-31T00:00:00Z",
                "Ask for the same as the last time.",
            ),
        )
    return replace(request, since=last.transaction_time)


class _Fetch:
    def __init__(self, wire: Wire, folder: Folder, request: FetchRequest) -> None:
        self._wire, self._folder, self._request = wire, folder, request
        self._tell = wire.around.tell
        self._how = "new"

    @property
    def _host(self) -> str:
        return urlsplit(self._request.server).hostname or "the server"

    def run(self, *, anew: bool) -> FetchReport:
        """Do what is still to be done."""
        job = self._folder.job
        if job is not None and anew:
            self._give_up(job)
            job = None
        if job is None:
            self._begin()
        else:
            self._insist_on_same(job)
            self._how = "resumed"
            self._tell(f"Going on with the fetch begun at {job.begun}")
        if not self._folder.is_all_here():
            self._bring()
        self._folder.place()
        return self._end()

    def _give_up(self, job: Job) -> None:
        """Forget an unfinished fetch; one that was all here already is kept."""
        if self._folder.is_placed():
            self._end()
            return
        let_go(self._wire, job.status_url)
        self._folder.forget()

    def _begin(self) -> None:
        around = self._wire.around
        begun = around.now()
        url = kick_off(self._wire, self._request)
        self._folder.begin(
            Job(
                number=self._folder.next_number(),
                scope=self._request.scope,
                since=self._request.since,
                begun=_moment(begun),
                status_url=url,
            )
        )
        self._tell(f"{self._host} has begun the export")

    def _insist_on_same(self, job: Job) -> None:
        if (job.scope, job.since) == (self._request.scope, self._request.since):
            return
        raise DataError(
            f"An unfinished fetch of something else lies in {self._folder.path}.",
            code="fetch-unfinished",
            why=f"It was begun at {job.begun}; this one would take its place.",
            remedies=(
                "Ask for the same as then, and it goes on.",
                "Give it up: --anew",
                "Fetch into another folder: --out FOLDER",
            ),
        )

    def _bring(self) -> None:
        """Bring every file into the hidden folder, and note that all are there."""
        manifest, files = self._files()
        under_way = self._folder.under_way(self._job)
        issues = summarise([under_way / f.path for f in files if f.section == "error"])
        empty = all(each.section == "error" for each in files)
        if empty and self._request.since is None:
            let_go(self._wire, self._job.status_url)
            self._folder.forget()
            raise nothing_given(self._host, tuple(issues))
        self._note(manifest, files, issues)

    def _files(self) -> tuple[Manifest, list[Fetched]]:
        manifest = self._manifest()
        rates = Rates(self._wire, len(manifest.files))
        files: list[Fetched] = []
        asked_again = 0
        while len(files) < len(manifest.files):
            listed = manifest.files[len(files)]
            try:
                files.append(self._file(listed, manifest, rates))
                asked_again = 0
            except LinkGoneError:
                asked_again += 1
                if asked_again > _MOST_NEW_LINKS:
                    self._folder.forget()
                    how = "its link is not valid any more"
                    raise file_incomplete(listed.name, self._host, how) from None
                self._tell(f"{listed.name}: its link has run out; asking for another")
                before, manifest = manifest, self._manifest(refreshed=True)
                if not manifest.is_same(before):
                    self._folder.forget()
                    how = "it changed while its files were fetched"
                    raise answer_unusable("a manifest", self._host, how) from None
        return manifest, files

    @property
    def _job(self) -> Job:
        assert self._folder.job is not None
        return self._folder.job

    def _file(self, listed: ListedFile, manifest: Manifest, rates: Rates) -> Fetched:
        folder = self._folder.under_way(self._job)
        before = fetched_before(folder, listed)
        if before is not None:
            return before
        token = manifest.requires_token
        return download(self._wire, listed, folder, rates, with_token=token)

    def _status(self) -> Answer:
        return wait_for(self._wire, self._job.status_url)

    def _manifest(self, *, refreshed: bool = False) -> Manifest:
        answer = self._status()
        if answer.status in GONE and self._how == "resumed" and not refreshed:
            self._tell(
                f"{self._host} does not have the job of {self._job.begun} any more: "
                "a new export is begun, and all of it fetched again"
            )
            self._folder.forget()
            self._begin()
            self._how = "begun again"
            answer = self._status()
        if answer.status != 200:
            raise self._lost(answer)
        manifest = Manifest.read(answer)
        self._folder.note(manifest.transaction_time, manifest.shape)
        n, moment = len(manifest.files), manifest.transaction_time
        self._tell(f"{self._host} has exported {n:,} files, as of {moment}")
        return manifest

    def _lost(self, answer: Answer) -> RoundsError:
        """Forget a job that came to nothing, so that the next run begins another."""
        self._folder.forget()
        return refusal(answer)

    def _note(
        self, manifest: Manifest, files: Sequence[Fetched], issues: Mapping[str, int]
    ) -> None:
        found = {
            "scope": self._job.scope,
            "since": self._job.since,
            "begun": self._job.begun,
            "transaction_time": manifest.transaction_time,
            "files": [asdict(each) for each in files],
            "issues": dict(issues),
        }
        write_whole(self._folder.under_way(self._job) / NOTE, found)

    def _end(self) -> FetchReport:
        job, whole = self._job, self._folder.whole(self._job)
        found = json.loads((whole / NOTE).read_bytes())
        heard = let_go(self._wire, job.status_url)
        self._folder.finish(_moment(self._wire.around.now()))
        return FetchReport(
            folder=whole,
            transaction_time=found["transaction_time"],
            since=found["since"],
            how=self._how,
            files=tuple(Fetched(**each) for each in found["files"]),
            issues=found["issues"],
            let_go=heard,
        )


def _moment(now: dt.datetime) -> str:
    return now.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
