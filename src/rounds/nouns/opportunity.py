"""Where the most is to be gained: opportunities, ranked with their doubt."""

from typing import ClassVar, Literal

from pydantic import Field

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref

__all__ = ["Opportunity", "OpportunityList", "Untold"]


class Opportunity(Noun):
    """One line: a measure, over all units or in one of them."""

    measure: Ref
    unit: str | None = None
    """A care site; None over all of them."""
    denominator: int | None = None
    numerator: int | None = None
    """Patients who do well; None where suppressed, as the denominator."""
    patients: Estimate | None = None
    """Who would do well were the unit like the best quarter; None where suppressed, or
    where it would give back a count that is not told."""
    benefit: Estimate | None = None
    """Net health benefit of closing what can be closed of it, in quality-adjusted life
    years; None where suppressed, or where nobody has said what is at stake."""
    rank: int | None = Field(default=None, ge=1)
    """Among the lines of its kind, 1 for the most to gain; None where not ranked."""
    rank_lower: int | None = None
    rank_upper: int | None = None
    """Limits of the rank's 95% interval."""
    suppressed: bool = False


class Untold(Noun):
    """A measure of which nothing can be told, or that could not be weighed."""

    measure: Ref
    reason: str


class OpportunityList(Published):
    """Where the most is to be gained, over measures and units."""

    kind: ClassVar[str] = "opportunity-list"
    period: Period
    ranked_by: Literal["net_health_benefit", "patients"]
    perspective: str | None = None
    worth: float | None = None
    """Money for one quality-adjusted life year."""
    currency: str | None = None
    lines: tuple[Opportunity, ...] = ()
    """Over all units first, each kind by rank."""
    untold: tuple[Untold, ...] = ()
    limitations: tuple[str, ...] = ()
