"""Columns of OMOP tables, as both of the files that write them make them."""

from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["EHR", "Column", "Local", "fill", "ids"]

EHR = 32817
Column: TypeAlias = "NDArray[np.generic] | pa.Array"
Local: TypeAlias = dict[tuple[str, str], int]
"""Concept ids by vocabulary and code."""


def ids(values: object) -> NDArray[np.int64]:
    """Give 64-bit integers, as every id of ours is."""
    if isinstance(values, range):
        return np.arange(values.start, values.stop, dtype=np.int64)
    return np.asarray(values, dtype=np.int64)


def fill(n: int, value: int) -> NDArray[np.int64]:
    """Give one number n times."""
    return np.full(n, value, dtype=np.int64)
