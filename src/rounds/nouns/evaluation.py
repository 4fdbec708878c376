"""Did it work, for whom, and was anyone harmed?"""

from typing import ClassVar, Literal

from pydantic import Field

from rounds.nouns.base import UNTOLD, UNTOLD_SET, Noun, Published
from rounds.nouns.diagnostic import Diagnostic
from rounds.nouns.estimate import Estimate
from rounds.nouns.looks import AfterLooks
from rounds.nouns.modification import PhaseEffect
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.ref import Ref
from rounds.nouns.uptake import Burden, Uptake
from rounds.nouns.value import Value

__all__ = [
    "AdaptiveResult",
    "ArmSummary",
    "BalanceRow",
    "BalancingResult",
    "CellSummary",
    "EquityEffect",
    "Evaluation",
    "ExposureTimeEffect",
    "FactorResult",
    "FactorialResult",
    "Flow",
    "GroupReach",
    "HypothesisResult",
    "Interaction",
    "Posterior",
    "RandomisationTest",
    "Reach",
    "ScheduleResult",
    "SecondaryResult",
]


class ArmSummary(Noun):
    """One arm's denominator and crude outcome."""

    arm: Literal["active", "silent"]
    n_units: int | None
    """None where suppressed: units may be persons, or visits of theirs."""
    n: int | None = None
    numerator: int | None = None
    value: float | None = None
    persons: tuple[int, int | None] | None = UNTOLD
    """Where visits were randomised: whose they are, and whose have the outcome."""
    time_at_risk: float | None = UNTOLD
    """Where times count: their sum, of which `value` is the events per unit."""
    suppressed: bool = False


class Flow(Noun):
    """The flow of participants (CONSORT), in persons, or visits if these were drawn."""

    assessed: int | None
    excluded: tuple[tuple[str, int | None], ...] = ()
    randomised_units: int
    arms: tuple[ArmSummary, ...]


class BalanceRow(Noun):
    """A baseline characteristic by arm, reported and never tested."""

    characteristic: str
    active: float | None = None
    silent: float | None = None
    standardised_difference: float | None = None


class SecondaryResult(Noun):
    """A secondary endpoint's estimate."""

    name: str
    estimate: Estimate | NotEstimable
    arms: tuple[ArmSummary, ...] = ()


class HypothesisResult(Noun):
    """What the primary interval says against a margin (CONSORT for non-inferiority)."""

    hypothesis: Literal["non-inferiority", "equivalence"]
    margin: float
    """As the protocol has it."""
    lower_bound: float | None
    """The whole interval must lie above it, on the effect's scale; None: no such."""
    upper_bound: float | None
    one_sided_level: float
    """The chance to show what is not so, at most: (1 − the interval's level) / 2."""
    verdict: Literal["shown", "not_shown", "contrary_shown", "sealed"]
    """`contrary_shown`: the whole interval lies beyond the margin."""
    p_value: float | None = None
    """One-sided against the margin, of equivalence the larger of two."""


class RandomisationTest(Noun):
    """The primary effect against the other allocations that could have been drawn."""

    p_value: float = Field(gt=0, le=1)
    """Two-sided; a look beside the estimate, which decides."""
    n_allocations: int
    """Those that were looked at, the one that was made among them."""
    is_exact: bool
    """Whether these are all there are."""


class BalancingResult(Noun):
    """A balancing endpoint against its frozen margin."""

    name: str
    estimate: Estimate | NotEstimable
    margin: float
    verdict: Literal["within_margin", "exceeds_margin", "uncertain", "sealed"]
    arms: tuple[ArmSummary, ...] = ()


class EquityEffect(Noun):
    """The effect in one group; small cells are suppressed on the way out."""

    characteristic: Literal["sex", "age", "svi_quartile"]
    group: str
    n: int | None = None
    persons: int | None = UNTOLD
    """Where visits were randomised: whose the `n` are."""
    estimate: Estimate | NotEstimable
    shrunken: Estimate | NotEstimable | None = None
    """The same, drawn towards the other groups by partial pooling."""
    suppressed: bool = False


class Interaction(Noun):
    """Whether the effect differs between the groups of one characteristic."""

    characteristic: Literal["sex", "age", "svi_quartile"]
    contrast: str
    """The two groups compared: last minus first."""
    estimate: Estimate | NotEstimable
    """Difference between their effects."""
    note: str = ""
    """How many such differences were looked at, and what follows."""


class GroupReach(Noun):
    """How far the change reached one group; small cells are suppressed."""

    characteristic: Literal["sex", "age", "svi_quartile"]
    group: str
    share: Estimate | NotEstimable
    """Of its enrolled patients in the active arm, those to whom a card was shown."""
    suppressed: bool = False


class Reach(Noun):
    """RE-AIM from the exposures."""

    reach: Estimate | NotEstimable
    """Enrolled patients of the active arm to whom a card was shown."""
    adoption: Estimate | NotEstimable
    """Active units in which any card was accepted."""
    fidelity: Estimate | NotEstimable
    """Calls in which what was due was shown, in the active arm."""
    acceptance: Estimate | NotEstimable
    """Cards accepted, of those shown."""
    override_reasons: tuple[tuple[str, int | None], ...] = ()
    by_group: tuple[GroupReach, ...] = Field(default=(), exclude_if=lambda it: not it)
    """Representativeness: the reach in each group whose effect is asked for."""
    uptake: Uptake | None = UNTOLD
    """Adoption by clinic and by clinician."""
    burden: Burden | None = UNTOLD
    """What it asked of clinicians."""


class Posterior(Noun):
    """The estimate joined to the robust mixture prior; not read by the rule."""

    estimate: Estimate
    weight_informative: float
    """Posterior weight of the informative component."""
    conflict_p: float
    """Two-sided prior-predictive p-value (Box 1980)."""
    conflict: bool
    probability_benefit: float
    probability_worthwhile: float


class ExposureTimeEffect(Noun):
    """The effect at one time since the switch of a stepped wedge."""

    periods_since: int
    """1 in the first period with the card."""
    estimate: Estimate | NotEstimable


class ScheduleResult(Noun):
    """Other looks at the primary effect where arms changed over time."""

    kind: Literal["stepped_wedge", "cluster_crossover"]
    by_exposure_time: tuple[ExposureTimeEffect, ...] = ()
    time_average: Estimate | NotEstimable | None = None
    """Plain average of those; the estimate takes them all to be the same."""
    within_clinics: Estimate | NotEstimable | None = None
    """Least squares with period and clinic effects."""
    permutation_p: float | None = None
    """Two-sided, against the schedules that could have been drawn."""
    n_permutations: int | None = None
    note: str = ""


class CellSummary(Noun):
    """One cell of two factors: its denominator and crude outcome."""

    cell: Literal["neither", "first", "second", "both"]
    n_units: int | None
    n: int | None = None
    numerator: int | None = None
    value: float | None = None
    suppressed: bool = False


class FactorResult(Noun):
    """What the second factor did, at the margins; the first is told by the rest."""

    knowledge_object: Ref
    estimate: Estimate | NotEstimable
    """Sealed, as that of the first, where the rule for the interaction withholds it."""
    balancing: tuple[BalancingResult, ...]
    secondary: tuple[SecondaryResult, ...] = ()
    reach: Reach
    equity: tuple[EquityEffect, ...] = UNTOLD_SET
    value: Value | NotEstimable | None = UNTOLD


class FactorialResult(Noun):
    """Two factors in one trial: the second one, and what both do together."""

    names: tuple[str, str]
    second: FactorResult
    interaction: Estimate | NotEstimable
    """What both together do beyond the sum of each alone, in the primary endpoint."""
    first_alone: Estimate | NotEstimable
    """Inside the table, each against neither; nothing is decided by these."""
    second_alone: Estimate | NotEstimable
    both: Estimate | NotEstimable
    cells: tuple[CellSummary, ...] = ()
    reading: Literal["margins", "inside_the_table"] | None
    """By the rule that was fixed beforehand; None while sealed, or not estimable."""
    note: str = ""
    """Why it is read so."""


class AdaptiveResult(Noun):
    """Other looks at the primary effect where chances of the arms changed."""

    chances: tuple[float, ...] = ()
    """Of the card, epoch by epoch: with the seed they replay the allocation."""
    unadjusted: Estimate | NotEstimable | None = None
    """As if chances had never changed: biased where outcomes drift."""
    even_share: Estimate | NotEstimable | None = None
    """Of those alone who were as likely in either arm."""
    note: str = ""


class Evaluation(Published):
    """The pre-registered estimate with everything needed to trust or doubt it."""

    kind: ClassVar[str] = "evaluation"
    title: str
    rollout: Ref
    protocol: Ref
    evidence: Ref
    knowledge_object: Ref | None = None
    """What was put to the test, as the rollout names it."""
    receipt: str
    """The ledger's receipt hash for the frozen protocol."""
    estimate: Estimate | NotEstimable
    diagnostics: tuple[Diagnostic, ...]
    balancing: tuple[BalancingResult, ...]
    secondary: tuple[SecondaryResult, ...] = ()
    equity: tuple[EquityEffect, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    balance: tuple[BalanceRow, ...] = ()
    flow: Flow
    reach: Reach
    posterior: Posterior | NotEstimable
    icc: float | None = None
    hypothesis: HypothesisResult | None = UNTOLD
    """Where another than superiority was to be shown."""
    randomisation_test: RandomisationTest | None = UNTOLD
    """Of matched pairs and constrained allocations; the decision rule reads it not."""
    schedule: ScheduleResult | None = UNTOLD
    """Where arms changed over time."""
    factorial: FactorialResult | None = UNTOLD
    """Where two things were tried at once; all else is of the first."""
    adaptive: AdaptiveResult | None = UNTOLD
    """Where chances of the arms changed."""
    limitations: tuple[str, ...] = ()
    value: Value | NotEstimable | None = UNTOLD
    """Where the protocol has costs."""
    phases: tuple[PhaseEffect, ...] = Field(default=(), exclude_if=lambda it: not it)
    """Between modifications that were logged while the trial ran."""
    after_looks: AfterLooks | None = UNTOLD
    """Of a trial that was looked at: its estimate allows for that."""

    @property
    def failed(self) -> tuple[Diagnostic, ...]:
        """The required diagnostics that failed."""
        return tuple(d for d in self.diagnostics if d.required and d.verdict == "fail")
