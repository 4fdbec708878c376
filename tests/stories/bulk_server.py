"""A small server of FHIR Bulk Data Access with SMART Backend Services, for tests.

It keeps to the published guides; switches make it misbehave, one way at a time.
"""

import asyncio
import datetime as dt
import gzip
import json
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

NOW = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.UTC)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def ndjson(kind, n, *, first=0, width=10):
    """Make n resources of one type, a line each."""
    made = [
        {"resourceType": kind, "id": f"{kind[0].lower()}{i}", "note": "x" * width}
        for i in range(first, first + n)
    ]
    return b"".join(json.dumps(each).encode() + b"\n" for each in made)


class Clock:
    """A clock that goes on only when somebody sleeps."""

    def __init__(self):
        self.time, self.slept = NOW, []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += dt.timedelta(seconds=seconds)


@dataclass
class BulkServer:
    """What the server has, how it behaves, and what it was asked."""

    output: list = field(default_factory=list)
    """(type, NDJSON bytes) of each file."""
    deleted: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    keys: dict = field(default_factory=dict)
    """kid → public key of the registered client; empty: no token is asked for."""
    client_id: str = "rounds-at-work"
    scopes: list = field(default_factory=lambda: ["system/*.read", "system/*.rs"])
    now: object = lambda: NOW
    transaction_time: str = "2026-03-01T07:59:59.123Z"
    polls: int = 1
    """202 answers before the manifest."""
    progress: str = "50% done"
    retry_after: str | None = "5"
    counts: bool = True
    ranges: bool = True
    if_range: bool = True
    tags: bool = True
    gzipped: bool = False
    token_seconds: int = 300
    files_need_token: bool | None = None
    script: dict = field(default_factory=lambda: defaultdict(list))
    """Step → responses (or callables of a request) that come first."""
    cuts: dict = field(default_factory=lambda: defaultdict(list))
    """File number → bytes after which the connection breaks, one each time."""
    slow: float = 0.0
    """Seconds between blocks of a file."""
    edit_manifest: object = lambda manifest: manifest
    requests: list = field(default_factory=list)
    jobs: set = field(default_factory=set)
    polled: dict = field(default_factory=lambda: defaultdict(int))
    tokens: dict = field(default_factory=dict)
    spent: set = field(default_factory=set)
    base: str = ""
    sent: int = 0

    def app(self):
        def route(path, step, answer, methods):
            async def endpoint(request: Request):
                self.requests.append(
                    (step, request.method, request.url, request.headers)
                )
                if self.script[step]:
                    first = self.script[step].pop(0)
                    if callable(first) and not isinstance(first, Response):
                        first = first(request)
                        first = await first if asyncio.iscoroutine(first) else first
                    if first is not None:
                        return first
                return await answer(request)

            return Route(path, endpoint, methods=methods)

        return Starlette(
            routes=[
                route(
                    "/fhir/.well-known/smart-configuration",
                    "discovery",
                    self.discovery,
                    ["GET"],
                ),
                route("/auth/token", "token", self.token, ["POST"]),
                route("/fhir/$export", "kick-off", self.kick_off, ["GET"]),
                route("/fhir/Patient/$export", "kick-off", self.kick_off, ["GET"]),
                route(
                    "/fhir/Group/{group}/$export", "kick-off", self.kick_off, ["GET"]
                ),
                route("/jobs/{job}", "status", self.status, ["GET"]),
                route("/jobs/{job}", "delete", self.delete, ["DELETE"]),
                route("/files/{job}/{number:int}", "file", self.file, ["GET"]),
                route("/else/{rest:path}", "else", self.elsewhere, ["GET"]),
            ]
        )

    def asked(self, step):
        """Give the requests of one step: (method, url, headers)."""
        return [each[1:] for each in self.requests if each[0] == step]

    def outcome(self, status, code):
        body = {
            "resourceType": "OperationOutcome",
            "issue": [
                {"severity": "error", "code": code, "diagnostics": "Jane Roe, 1960"}
            ],
        }
        return JSONResponse(body, status, media_type="application/fhir+json")

    async def discovery(self, _request):
        return JSONResponse(
            {
                "token_endpoint": f"{self.base}/auth/token",
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
                "scopes_supported": self.scopes,
                "capabilities": ["client-confidential-asymmetric"],
            }
        )

    async def token(self, request):
        form = dict(parse_qsl((await request.body()).decode()))
        problem = self._problem(form)
        if problem:
            return JSONResponse(
                {"error": problem, "error_description": "Jane Roe"}, 400
            )
        token = f"token-{len(self.tokens) + 1}"
        self.tokens[token] = self.now() + dt.timedelta(seconds=self.token_seconds)
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "bearer",
                "expires_in": self.token_seconds,
                "scope": form["scope"],
            }
        )

    def _problem(self, form):
        """Verify the assertion: signature, issuer, audience, expiry, and used once."""
        if form.get("grant_type") != "client_credentials":
            return "unsupported_grant_type"
        if form.get("client_assertion_type") != ASSERTION:
            return "invalid_request"
        if not all(
            each.startswith("system/") for each in form.get("scope", "").split()
        ):
            return "invalid_scope"
        assertion = form.get("client_assertion", "")
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(
                assertion,
                self.keys[header["kid"]],
                algorithms=["RS384", "ES384"],
                audience=f"{self.base}/auth/token",
                issuer=self.client_id,
                options={
                    "require": ["iss", "sub", "aud", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.InvalidTokenError, KeyError):
            return "invalid_client"
        seconds = self.now().timestamp()
        fresh = seconds < claims["exp"] <= seconds + 300
        if not fresh or claims["sub"] != self.client_id or claims["jti"] in self.spent:
            return "invalid_client"
        self.spent.add(claims["jti"])
        return None

    def admits(self, request):
        if not self.keys:
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and self.tokens.get(token, NOW) > self.now()

    async def kick_off(self, request):
        if not self.admits(request):
            return self.outcome(401, "login")
        if request.headers.get("prefer") != "respond-async":
            return self.outcome(400, "required")
        job = f"job-{len(self.asked('kick-off'))}"
        self.jobs.add(job)
        return Response(
            status_code=202, headers={"Content-Location": f"{self.base}/jobs/{job}"}
        )

    async def status(self, request):
        job = request.path_params["job"]
        if not self.admits(request):
            return self.outcome(401, "login")
        if job not in self.jobs:
            return self.outcome(404, "not-found")
        self.polled[job] += 1
        if self.polled[job] <= self.polls:
            headers = {"X-Progress": self.progress}
            if self.retry_after is not None:
                headers["Retry-After"] = self.retry_after
            return Response(status_code=202, headers=headers)
        return JSONResponse(self.edit_manifest(self.manifest(job)))

    def manifest(self, job):
        number, sections = 0, {}
        for name, files in (
            ("output", self.output),
            ("deleted", self.deleted),
            ("error", self.errors),
        ):
            sections[name] = []
            for kind, content in files:
                number += 1
                one = {"type": kind, "url": f"{self.base}/files/{job}/{number}"}
                if self.counts:
                    one["count"] = content.count(b"\n")
                sections[name].append(one)
        needed = self.files_need_token
        return {
            "transactionTime": self.transaction_time,
            "request": f"{self.base}/fhir/$export",
            "requiresAccessToken": bool(self.keys) if needed is None else needed,
            **sections,
        }

    async def file(self, request):
        carries = "authorization" in request.headers
        if self.files_need_token is False and carries:
            return self.outcome(
                400, "security"
            )  # SHALL NOT be sent to a capability URL
        if self.files_need_token is not False and not self.admits(request):
            return self.outcome(401, "login")
        if request.path_params["job"] not in self.jobs:
            return self.outcome(404, "not-found")
        number = request.path_params["number"]
        content = [*self.output, *self.deleted, *self.errors][number - 1][1]
        return self.body(request, number, content)

    def body(self, request, number, content):
        headers = {"Content-Type": "application/fhir+ndjson"}
        if self.gzipped:
            content = gzip.compress(content, mtime=0)
            headers["Content-Encoding"] = "gzip"
        if self.tags:
            headers["ETag"] = f'"{number}-{hash(content)}"'
        start, status = 0, 200
        asked = request.headers.get("range", "")
        same = request.headers.get("if-range", headers.get("ETag")) == headers.get(
            "ETag"
        )
        if self.ranges and asked and (same or not self.if_range):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return Response(status_code=416)
            status = 206
            headers["Content-Range"] = (
                f"bytes {start}-{len(content) - 1}/{len(content)}"
            )
        headers["Content-Length"] = str(len(content) - start)
        return StreamingResponse(self.blocks(number, content, start), status, headers)

    async def blocks(self, number, content, start):
        cut = self.cuts[number].pop(0) if self.cuts[number] else None
        for begin in range(start, len(content), 4096):
            end = min(begin + 4096, len(content))
            if cut is not None and end > cut:
                yield content[begin:cut]
                await asyncio.sleep(0.05)
                raise ConnectionError
            self.sent += end - begin
            yield content[begin:end]
            if self.slow:
                await asyncio.sleep(self.slow)

    async def delete(self, request):
        if not self.admits(request):
            return self.outcome(401, "login")
        self.jobs.discard(request.path_params["job"])
        return Response(status_code=202)

    async def elsewhere(self, _request):
        return Response("lost", 404)


@contextmanager
def serving(server, **tls):
    """Serve on a free port of this machine, from a thread."""
    config = uvicorn.Config(
        server.app(),
        host="127.0.0.1",
        port=0,
        log_level="critical",
        lifespan="off",
        ws="none",
        **tls,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + 20
    while not running.started and time.monotonic() < give_up:
        time.sleep(0.005)
    assert running.started
    port = running.servers[0].sockets[0].getsockname()[1]
    scheme = "https" if tls else "http"
    server.base = f"{scheme}://127.0.0.1:{port}"
    try:
        yield server.base
    finally:
        running.should_exit = running.force_exit = True
        thread.join(10)
