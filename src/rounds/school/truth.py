"""Open the world's sealed truth: the grader alone does."""

import json
from pathlib import Path
from typing import Any

from rounds.nouns import DataError

__all__ = ["open_truth"]


def open_truth(path: Path) -> dict[str, Any]:
    """Read what the world wrote down.

    Raises
    ------
    DataError
        If the file is missing or is not a truth file.
    """
    try:
        truth: dict[str, Any] = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise DataError(
            f"The truth at {path} cannot be read: {type(error).__name__}.",
            code="no-truth",
            remedies=("Run the demo anew: rounds demo",),
        ) from None
    return truth
