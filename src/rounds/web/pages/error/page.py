"""What stands where a page could not: the one shape of every error."""

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rounds.nouns import AccessError, RoundsError
from rounds.web.answers import HEADERS, answer, wants_json

__all__ = ["ErrorPage", "error_page"]

_STATUS = {"no-such-ref": 404, "no-report": 404, "ambiguous-ref": 400}


@dataclass(frozen=True, kw_only=True)
class ErrorPage:
    """What happened, why it matters, what to try."""

    title: str
    error: Any


def error_page(
    request: Request, error: RoundsError, *, status: int | None = None
) -> Response:
    """Answer with an error, as a page or as JSON."""
    if status is None:
        otherwise = 403 if isinstance(error, AccessError) else 422
        status = _STATUS.get(error.code, otherwise)
    if wants_json(request):
        body = msgspec.json.encode(error.as_dict())
        return Response(body, status, HEADERS, "application/json")
    context = ErrorPage(title=error.what, error=error.as_dict()["error"])
    return answer(request, "error", context, status=status)
