"""Does it last? Half a year and a year after adoption (RE-AIM's maintenance)."""

import datetime as dt
from typing import ClassVar, Literal

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref

__all__ = ["Maintained", "Maintenance"]

_Found = Estimate | NotEstimable


class Maintained(Noun):
    """How things stand so many months after adoption: three months of index days."""

    months: Literal[6, 12]
    period: Period
    """The three months that end with that month."""
    rate: _Found
    """Of the primary measure."""
    change: _Found
    """Since the first three months after adoption."""
    kept: _Found
    """Share of the evaluated gain that is left, should the first three months have had
    all of it: 1 is all."""
    delivered: _Found
    """Calls in which what was due was shown (setting level)."""
    accepted: _Found
    """Cards accepted, of those shown."""
    settings: _Found
    """Clinics where any card was accepted, of those where any was shown."""
    suppressed: bool = False


class Maintenance(Published):
    """What is left of an adopted change, from routine data."""

    kind: ClassVar[str] = "maintenance"
    title: str
    decision: Ref
    measure: Ref
    adopted: dt.date
    data_until: dt.date
    at: tuple[Maintained, ...]
    limitations: tuple[str, ...] = ()
