"""Is a file of JSON lines whole? Its lines are counted, its two ends looked at."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from rounds.datamart.given.source_files import BROKEN_GZIP

__all__ = ["Content", "look_through"]

_BLOCK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_LINE = re.compile(rb"\S[^\n]*")


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Parameters
    ----------
    gzipped : bool
        Whether it is packed.
    lines : int
        Lines that are not blank.
    fault : str
        Why it cannot be whole; empty if nothing speaks against it.
    """

    gzipped: bool
    lines: int
    fault: str = ""


def look_through(path: Path) -> Content:
    """Read a file once, whatever its size, a block at a time."""
    with path.open("rb") as stream:
        gzipped = stream.read(2) == _GZIP_MAGIC
    lines, inside, first, last = 0, False, b"", b""
    opener = gzip.open if gzipped else open
    try:
        with opener(path, "rb") as stream:
            while block := stream.read(_BLOCK):
                kept = block.strip()
                if kept:
                    first, last = first or kept[:1], kept[-1:]
                found, inside = _count(block, inside=inside)
                lines += found
    except BROKEN_GZIP:
        return Content(gzipped, lines, "its compression breaks off")
    if lines and first == b"<":
        return Content(gzipped, lines, "it is a web page, not JSON")
    if lines and first != b"{":
        return Content(gzipped, lines, "it does not begin with a JSON object")
    if lines and last != b"}":
        return Content(gzipped, lines, "its last line breaks off")
    return Content(gzipped, lines)


def _count(block: bytes, *, inside: bool) -> tuple[int, bool]:
    """Count the lines whose first letter is in this block.

    Parameters
    ----------
    inside : bool
        Whether the block begins within a line that has been counted.

    Returns
    -------
    int, bool
        The lines, and whether the block ends within a counted one.
    """
    if inside:
        end = block.find(b"\n")
        if end < 0:
            return 0, True
        block = block[end + 1 :]
    found = len(_LINE.findall(block))
    return found, bool(block.rpartition(b"\n")[2].strip())
