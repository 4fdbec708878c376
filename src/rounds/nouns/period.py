"""A stretch of days, both ends included."""

import datetime as dt
from typing import Self

from pydantic import model_validator

from rounds.nouns.base import Noun

__all__ = ["Period"]


class Period(Noun):
    """From one day to another, both included (FHIR Period, local days)."""

    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(
                f"the period ends ({self.end}) before it begins ({self.start}); "
                "exchange the two dates"
            )
        return self

    @property
    def n_days(self) -> int:
        """Days in it, both ends counted."""
        return (self.end - self.start).days + 1
