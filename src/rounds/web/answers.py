"""How a page answers: HTML for people, its JSON twin for programs, strict headers."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response

from rounds import __version__
from rounds.web.stories import PATHS, TITLES

__all__ = ["POLICY", "answer", "wants_json"]

POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}


def wants_json(request: Request) -> bool:
    """Say whether the JSON twin is asked for: by `.json`, or by the Accept header.

    Callers of CDS services are programs, and get JSON unless they ask for a page.
    """
    accepted = request.headers.get("accept", "")
    if "text/html" in accepted:
        return request.url.path.endswith(".json")
    path = request.url.path
    return "application/json" in accepted or path.endswith(".json") or _is_cds(path)


def _is_cds(path: str) -> bool:
    return path == "/cds-services" or path.startswith("/cds-services/")


def answer(
    request: Request, page: str, context: Any, *, status: int = 200, **drawn: Any
) -> Response:
    """Answer with a page, or with the very same context as JSON.

    Parameters
    ----------
    page : str
        Folder under `pages/` whose `page.html` is rendered.
    context : dataclass
        What the page says; its JSON twin is this and nothing else.
    **drawn
        Pictures for the HTML alone.
    """
    plain = asdict(context)
    if wants_json(request):
        body = msgspec.json.encode(plain)
        return Response(body, status, HEADERS, "application/json")
    html = (
        _templates()
        .get_template(f"{page}/page.html")
        .render(**_frame(request), **drawn, page=context)
    )
    headers = {**HEADERS, "Content-Security-Policy": POLICY}
    return Response(html, status, headers, "text/html")


def _frame(request: Request) -> Mapping[str, Any]:
    first = request.url.path.strip("/").partition("/")[0]
    project = request.app.state.project
    return {
        "links": [(f"/{path}", TITLES[step]) for step, path in PATHS.items()],
        "here": f"/{first}",
        "version": __version__,
        "project": project.root.name,
        "has_report": project.report.is_file(),
    }


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("rounds.web", "pages"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
