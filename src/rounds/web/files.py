"""The last report, and the files that pages are dressed in."""

import base64
import hashlib
import re
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rounds.nouns import DataError
from rounds.reports import style_sheet
from rounds.web.answers import HEADERS

__all__ = ["font", "report", "sheet"]


def report(request: Request) -> Response:
    """Serve the last report, letting nothing but its own style sheet act.

    Raises
    ------
    DataError
        If no report has been made yet.
    """
    path = request.app.state.project.report
    if not path.is_file():
        raise DataError(
            "No report has been made yet.",
            code="no-report",
            remedies=("Make one: rounds problem run, or rounds demo",),
        )
    html = path.read_text(encoding="utf-8")
    styles = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    own = _hash(styles[1]) if styles else "'none'"
    policy = (
        f"default-src 'none'; style-src {own}; font-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {**HEADERS, "Content-Security-Policy": policy}
    return Response(html, 200, headers, "text/html")


def _hash(style: str) -> str:
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def sheet(request: Request) -> Response:
    """Serve the style sheet that the report and the pages share."""
    del request
    headers = {**HEADERS, "Cache-Control": "max-age=3600"}
    return Response(style_sheet(embedded=False), 200, headers, "text/css")


def font(request: Request) -> Response:
    """Serve a typeface by its name.

    Raises
    ------
    HTTPException
        404 if there is none of that name.
    """
    name = request.path_params["name"]
    folder = files("rounds.reports") / "fonts"
    known = {item.name for item in folder.iterdir() if item.name.endswith(".woff2")}
    if name not in known:
        raise HTTPException(404)
    headers = {**HEADERS, "Cache-Control": "max-age=86400"}
    return Response((folder / name).read_bytes(), 200, headers, "font/woff2")
