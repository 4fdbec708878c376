"""May a broken download be gone on with? Only the rest of the very same version may.

In the words of HTTP (RFC 9110): `Range` with `If-Range` and a strong validator.
"""

import re
from collections.abc import Mapping
from typing import Any

from rounds.datamart.fetch.wire import Answer

__all__ = ["continues", "extent", "is_framed", "version"]

_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


def continues(answer: Answer, have: int, mark: Mapping[str, Any]) -> bool:
    """Tell whether an answer may be gone on with: the rest of the same, or all anew."""
    if answer.status != 206:
        return answer.status != 416
    from_byte, total = extent(answer)
    same_length = total is None or mark.get("total") in (None, total)
    return (
        from_byte == have and same_length and version(answer) in ("", mark["version"])
    )


def extent(answer: Answer) -> tuple[int, int | None]:
    """Give the byte that an answer begins with, and the whole's length if told."""
    headers = answer.response.headers
    if answer.status == 206:
        found = _RANGE.fullmatch(headers.get("content-range", "").strip())
        if found is None:  # several parts at once, or nonsense: neither was asked for
            return -1, None
        return int(found[1]), None if found[2] == "*" else int(found[2])
    told = headers.get("content-length", "")
    return 0, int(told) if _LENGTH.fullmatch(told) else None


def version(answer: Answer) -> str:
    """Give the strong validator of a file's version; empty if there is none."""
    headers = answer.response.headers
    if headers.get("accept-ranges", "").strip().lower() == "none":
        return ""
    tag = str(headers.get("etag", ""))
    if tag.startswith('"'):
        return tag
    return "" if tag else str(headers.get("last-modified", ""))


def is_framed(answer: Answer) -> bool:
    """Tell whether the protocol itself says where the body ends."""
    chunked = "chunked" in answer.response.headers.get("transfer-encoding", "")
    return chunked or answer.response.http_version == "HTTP/2"
