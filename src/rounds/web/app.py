"""The application of one project: pages, the report, and the doors of CDS Hooks."""

import datetime as dt
import logging
import traceback
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rounds.conduct import Project
from rounds.nouns import RoundsError
from rounds.practice import Practice
from rounds.web.cds_auth import Gate
from rounds.web.cds_hooks import cds_routes
from rounds.web.files import font, report, sheet
from rounds.web.pages.entry.page import entry
from rounds.web.pages.error.page import error_page
from rounds.web.pages.home.page import home
from rounds.web.pages.step.page import step
from rounds.web.stories import PATHS

__all__ = ["create_app"]

_LOG = logging.getLogger("rounds.web")


def create_app(
    project_dir: Path | str, *, clock: Callable[[], dt.datetime] | None = None
) -> Starlette:
    """Make the application of a project's folder.

    The pages read the ledger alone, so they hold nothing that was not published. The
    CDS Hooks services answer loopback, or the clients that rounds.toml lists.

    Parameters
    ----------
    project_dir : Path
        A folder with a `rounds.toml`.
    clock : callable, optional
        Gives the moment as an aware datetime: when an exposure is received.

    Returns
    -------
    Starlette
        An ASGI application.

    Raises
    ------
    DefinitionError
        If the folder is not a project, or its settings cannot be used.
    """
    project = Project.open(Path(project_dir))
    practice = Practice.open(project.practice)
    gate = Gate.from_settings(project.settings.get("cds", {}), project.root)
    app = Starlette(
        routes=[*_pages(), *cds_routes(practice, now=clock or _utc_now, gate=gate)],
        exception_handlers={
            RoundsError: _rounds_error,
            HTTPException: _http_error,
        },
        middleware=[Middleware(_LastNet)],
    )
    app.state.project = project
    return app


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _pages() -> list[Route]:
    routes = [
        Route("/", home),
        Route("/index.json", home),
        Route("/report", report),
        Route("/static/style.css", sheet),
        Route("/static/fonts/{name}", font),
    ]
    for path in PATHS.values():
        routes += [
            Route(f"/{path}", step, name=path),
            Route(f"/{path}.json", step),
            Route(f"/{path}/{{name}}", entry),
            Route(f"/{path}/{{kind}}/{{name}}", entry),
        ]
    return routes


def _rounds_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RoundsError)
    return error_page(request, error)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    missing = error.status_code == 404
    said = RoundsError(
        "There is no such page." if missing else f"{error.detail}.",
        code="no-such-page" if missing else "not-allowed",
        remedies=("Begin at the ring: /",),
    )
    response = error_page(request, said, status=error.status_code)
    response.headers.update(error.headers or {})  # Allow, of a method not allowed
    return response


class _LastNet:
    """Answers where the program failed; a server would log the error's own words.

    They may come from a row, so that the log gets the error's type and place alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001 - the last net: no value may be logged
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = type(error).__name__
            _LOG.error("%s at %s:%s", kind, last.filename, last.lineno)
            if not has_begun:
                await _unexpected(Request(scope, receive))(scope, receive, send)


def _unexpected(request: Request) -> Response:
    said = RoundsError(
        "The page could not be made.",
        code="unexpected",
        why="The mistake is ours; nothing was changed.",
        remedies=("Run 'rounds ledger verify'; if it is sound, report the page.",),
    )
    return error_page(request, said, status=500)
