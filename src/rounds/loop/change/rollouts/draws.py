"""Chance that a seed gives, and gives again: HMAC-SHA256, read byte by byte."""

import hashlib
import hmac
import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["below", "chance", "numbers"]


def below(stream: Iterator[int], limit: int) -> int:
    """Draw 0 … limit-1 with equal chances: numbers beyond a multiple are thrown away.

    Parameters
    ----------
    stream : iterator of int
        Bytes, two of which are read for a number.
    limit : int
        From 1 to 65,536.
    """
    if limit == 1:
        return 0
    whole = 65536 - 65536 % limit
    while True:
        number = next(stream) * 256 + next(stream)
        if number < whole:
            return number % limit


def chance(seed: bytes, label: str, *parts: str) -> Iterator[int]:
    """Give bytes without end for a label and its parts, each told with its length."""
    texts = [part.encode() for part in (label, *parts)]
    start = b"".join(len(text).to_bytes(4) + text for text in texts)
    for counter in itertools.count():
        yield from hmac.new(seed, start + counter.to_bytes(8), hashlib.sha256).digest()


def numbers(seed: bytes, label: str, shape: tuple[int, int]) -> NDArray[np.uint64]:
    """Give many numbers at once: SHAKE-256 keyed by the HMAC of the label.

    Returns
    -------
    ndarray of uint64
        The digest's bytes, eight to a number, the lowest first.

    References
    ----------
    FIPS 202 (SHAKE256, an extendable-output function); RFC 2104 (HMAC).
    """
    key = hmac.new(seed, label.encode(), hashlib.sha256).digest()
    digest = hashlib.shake_256(key).digest(8 * shape[0] * shape[1])
    return np.frombuffer(digest, dtype="<u8").reshape(shape).astype(np.uint64)
