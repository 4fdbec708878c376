"""Never a number for "don't know"."""

from rounds.nouns.base import Noun

__all__ = ["NotEstimable"]


class NotEstimable(Noun):
    """What stands where a number would, when the data cannot give one."""

    reason: str
    """Why, in words a clinician understands."""

    def __bool__(self) -> bool:
        """Be false, so that `if result:` asks whether there is a number."""
        return False
