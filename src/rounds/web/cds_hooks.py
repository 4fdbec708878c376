"""The doors of CDS Hooks 2.0: discovery, `patient-view`, feedback.

HTTP becomes context and advice becomes cards here; what to advise and the record of it
belong to `rounds.loop.change`. No value of a patient reaches an error or a log.

References
----------
HL7 CDS Hooks 2.0, sections Discovery, Calling a CDS Service, CDS Service Response,
Feedback, Security and Safety. https://cds-hooks.hl7.org/2.0/
"""

import datetime as dt
import logging
import os
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rounds.loop.change import Service
from rounds.loop.change.cds_hooks import patient_view
from rounds.loop.change.service import KnowledgeChanged, reused, unknown_service
from rounds.nouns import KnowledgeObject, RoundsError
from rounds.practice import Practice
from rounds.practice.recording import record_feedback
from rounds.web.cds_auth import Client, Gate
from rounds.web.cds_messages import read_body, read_call, read_feedback
from rounds.web.cds_queue import Queue

__all__ = ["cds_routes", "create_cds_app"]

_LOG = logging.getLogger("rounds.cds")
_STATUS = {
    "bad-request": 400,
    "hook-instance-reused": 409,
    "not-admitted": 403,
    "not-json": 415,
    "prefetch-missing": 412,
    "token-refused": 401,
    "too-large": 413,
    "unknown-card": 404,
    "unknown-service": 404,
    "unknown-suggestion": 400,
}

Answer = Callable[[Request, Client | None], Awaitable[Any]]


def cds_routes(
    practice: Practice,
    *,
    now: Callable[[], dt.datetime],
    gate: Gate | None = None,
) -> list[Route]:
    """Give the routes of all services of a practice, to be mounted at the root.

    Parameters
    ----------
    now : callable
        The receipt clock; gives an aware datetime.
    gate : Gate, optional
        Who may call; this machine alone, if not given.
    """
    doors = _Doors(practice, now, gate or Gate())
    middleware = []
    methods = []
    if doors.gate.origins:
        methods = ["OPTIONS"]
        middleware = [
            Middleware(
                CORSMiddleware,
                allow_origins=doors.gate.origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type"],
            )
        ]

    def route(path: str, answer: Answer, method: str) -> Route:
        door = doors.door(answer)
        wanted = [method, *methods]
        return Route(path, door, methods=wanted, middleware=middleware)

    one = "/cds-services/{service}"
    return [
        route("/cds-services", doors.discover, "GET"),
        route(one, doors.call, "POST"),
        route(f"{one}/feedback", doors.feedback, "POST"),
    ]


@dataclass
class _Doors:
    practice: Practice
    now: Callable[[], dt.datetime]
    gate: Gate
    _queues: dict[str, Queue] = field(default_factory=dict, repr=False)
    _knowledge: dict[str, KnowledgeObject] = field(default_factory=dict, repr=False)
    _current: dict[str, tuple[KnowledgeObject, str]] = field(
        default_factory=dict, repr=False
    )

    def door(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """Wrap an answer: admit, encode, and give every error its one shape."""

        async def door(request: Request) -> Response:
            try:
                client = self.gate.admit(request, self.practice, self.now())
                return _json(await answer(request, client), 200)
            except RoundsError as error:
                return _json(error.as_dict(), _STATUS.get(error.code, 503))
            except Exception as error:  # noqa: BLE001  (a door never breaks open)
                _LOG.error("unexpected %s at a CDS door", type(error).__name__)
                return _json(_unexpected().as_dict(), 500)

        return door

    async def discover(self, _request: Request, _client: Client | None) -> Any:
        return {"services": await run_in_threadpool(self._services)}

    def _services(self) -> list[dict[str, Any]]:
        described = []
        for service in self.practice.services():
            info = self._served(service)[0].service
            described.append(
                {
                    "hook": info.hook,
                    "title": info.title,
                    "description": info.description,
                    "id": info.id,
                    "prefetch": info.prefetch,
                }
            )
        return described

    async def call(self, request: Request, client: Client | None) -> Any:
        service = request.path_params["service"]
        body = await read_body(request)
        while True:
            try:
                return await self._answer(service, body, client)
            except KnowledgeChanged:
                # What is in force is known for sure only where the exposure is
                # written; when it is not what was read last, read and try again.
                self._current.pop(service, None)
            except RoundsError:
                if not self._is_stale(service):
                    raise

    def _is_stale(self, service: str) -> bool:
        """Whether a refusal rested on knowledge that is no longer in force."""
        read_for = self._current.pop(service, None)
        return read_for is not None and read_for[1] != self._served(service)[1]

    async def _answer(self, service: str, body: bytes, client: Client | None) -> Any:
        if service not in self._current:
            self._current[service] = self._served(service)
        knowledge, ref = self._current[service]
        hook_instance, context, prefetch = read_call(body, knowledge.service.hook)
        queue = self._queue(service)
        view = patient_view.read(
            context,
            prefetch,
            queue.service.rule(ref).facts,
            knowledge.payload.get("codes", {}),
            self.now(),
        )
        if not view.clinic and client is not None:
            view = view.at_clinic(client.organisation)
        advice = await queue.answer(hook_instance, view, ref)
        if advice.conflict:
            raise reused()
        if advice.rule is None:
            return {"cards": []}
        return {"cards": [advice.rule.card(hook_instance)]}

    async def feedback(self, request: Request, _client: Client | None) -> Any:
        service = request.path_params["service"]
        self._served(service)
        rows = read_feedback(await read_body(request))
        await run_in_threadpool(
            record_feedback, self.practice, service, rows, self.now()
        )
        return {}

    def _served(self, service: str) -> tuple[KnowledgeObject, str]:
        """Give the knowledge in force and its Ref, looked up anew."""
        current = self.practice.in_force(service)
        if current is None:
            raise unknown_service(service)
        ref = current.knowledge
        if ref not in self._knowledge:
            self._knowledge[ref] = self.practice.knowledge(ref)
        return self._knowledge[ref], ref

    def _queue(self, service: str) -> Queue:
        if service not in self._queues:
            self._queues[service] = Queue(Service(self.practice, service), self.now)
        return self._queues[service]


def create_cds_app(folder: Path | None = None) -> Starlette:
    """Make an application of the CDS doors alone, for `uvicorn --factory`.

    Parameters
    ----------
    folder : Path, optional
        The project's; the environment variable `ROUNDS_PROJECT` names it otherwise.

    Raises
    ------
    DefinitionError
        If rounds.toml names clients that cannot be used.
    """
    folder = Path(folder or os.environ["ROUNDS_PROJECT"])
    path = folder / "rounds.toml"
    settings = tomllib.loads(path.read_text()) if path.is_file() else {}
    practice = Practice.open(folder / "private" / "practice.sqlite")
    gate = Gate.from_settings(settings.get("cds", {}), folder)
    return Starlette(routes=cds_routes(practice, now=_utc_now, gate=gate))


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _json(plain: Any, status: int) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(
        msgspec.json.encode(plain),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )


def _unexpected() -> RoundsError:
    return RoundsError(
        "The service could not answer.",
        code="unexpected",
        why="The mistake is ours; nothing was shown.",
        remedies=("Try again; if it stays, tell those who run this service.",),
    )
