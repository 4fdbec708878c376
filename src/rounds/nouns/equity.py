"""Whom care falls short for."""

from typing import ClassVar, Literal

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = ["Equity", "GroupGap", "Inequality", "Meeting"]


class GroupGap(Noun):
    """How far one group is behind the best-off group of its characteristic."""

    group: str
    gap: Estimate | NotEstimable
    """At least 0; its interval holds together with those of the other groups."""


class Inequality(Noun):
    """A measure over the groups of one characteristic of PROGRESS-Plus."""

    characteristic: str
    order: Literal["ordered", "unordered"]
    groups: tuple[UnitResult, ...]
    """In their order; whoever's characteristic is not recorded comes last."""
    not_recorded: Estimate | NotEstimable
    """The share of patients of whom it is not recorded; they are in no number below."""
    contrast: str = ""
    """Which end of the order is held against which."""
    slope: Estimate | NotEstimable
    """Slope index of inequality: last end of the order minus first."""
    relative: Estimate | NotEstimable
    """Relative index of inequality: last end over first."""
    concentration: Estimate | NotEstimable
    """Erreygers' concentration index, above 0 where the measure gathers at the end."""
    spread: Estimate | NotEstimable
    """Between-group variance, less what chance alone adds."""
    gaps: tuple[GroupGap, ...] = ()
    attributable: Estimate | NotEstimable
    """Patients who would do well besides were every group like the best-off one."""


class Meeting(Noun):
    """Cells where characteristics meet, drawn together by a model (MAIHDA)."""

    characteristics: tuple[str, ...]
    cells: tuple[UnitResult, ...]
    """Values and intervals are shrunken towards what the groups say one by one."""
    vpc: Estimate | NotEstimable
    """Variance partition coefficient: the latent variance's share between cells."""
    pcv: float | None = None
    """The share of it that the characteristics explain one by one, at most 1."""


class Equity(Published):
    """Whom a measure reaches evenly, whom it does not, and of whom it is not known."""

    kind: ClassVar[str] = "equity"
    title: str
    measure: Ref
    period: Period
    overall: Estimate | NotEstimable
    inequalities: tuple[Inequality, ...]
    meeting: Meeting | NotEstimable
    limitations: tuple[str, ...] = ()
