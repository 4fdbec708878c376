"""The words. Frozen pydantic models; nothing else from this project."""

from rounds.nouns.alert import Alert
from rounds.nouns.base import Noun, Provenance, Published
from rounds.nouns.cohort import AttritionStep, Cohort, CohortResult
from rounds.nouns.community import Community, Member, Waiver
from rounds.nouns.concept_set import Addition, Code, CodePrefix, ConceptSet
from rounds.nouns.criteria import (
    Age,
    All,
    Any,
    Compare,
    Criterion,
    DaysBetween,
    Exists,
    InCohort,
    IndexProcedure,
    IndexVisit,
    LastDayWithAll,
    NewCode,
    Not,
    Number,
    Reading,
    Score,
    Sex,
    Term,
    Years,
)
from rounds.nouns.decision import Decision, Signature
from rounds.nouns.diagnostic import Diagnostic
from rounds.nouns.equity import Equity, GroupGap, Inequality, Meeting
from rounds.nouns.errors import (
    AccessError,
    DataError,
    DefinitionError,
    DiagnosticError,
    DisclosureError,
    RoundsError,
    SourceError,
)
from rounds.nouns.estimand import Estimand, IntercurrentEvent
from rounds.nouns.estimate import Estimate
from rounds.nouns.evaluation import (
    ArmSummary,
    BalanceRow,
    BalancingResult,
    EquityEffect,
    Evaluation,
    Flow,
    Interaction,
    Posterior,
    Reach,
    SecondaryResult,
)
from rounds.nouns.events import Comparison, Events, Near, Occurrence, Point, Window
from rounds.nouns.evidence import (
    Certainty,
    CertaintyDomain,
    Evidence,
    MetaAnalysis,
    NotPooled,
    Prior,
    PriorComponent,
    StudyEffect,
)
from rounds.nouns.exposure import Exposure
from rounds.nouns.knowledge_object import (
    KnowledgeExample,
    KnowledgeObject,
    ServiceInfo,
)
from rounds.nouns.measure import Measure, MeasureResult, Stratifier, Stratum
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.opportunity import Opportunity, OpportunityList, Untold
from rounds.nouns.period import Period
from rounds.nouns.problem import (
    Aim,
    ChartPhase,
    ChartPoint,
    ControlChart,
    Difference,
    Problem,
    Variation,
)
from rounds.nouns.protocol import DecisionRule, Endpoint, Protocol
from rounds.nouns.ref import Ref
from rounds.nouns.rollout import Design, Determination, Rollout
from rounds.nouns.source import PICO, Effect, RiskOfBias, Source
from rounds.nouns.turn import Turn
from rounds.nouns.unit_result import UnitResult
from rounds.nouns.variance_partition import (
    LevelVariance,
    Standing,
    VariancePartition,
)

__all__ = [
    "PICO",
    "AccessError",
    "Addition",
    "Age",
    "Aim",
    "Alert",
    "All",
    "Any",
    "ArmSummary",
    "AttritionStep",
    "BalanceRow",
    "BalancingResult",
    "Certainty",
    "CertaintyDomain",
    "ChartPhase",
    "ChartPoint",
    "Code",
    "CodePrefix",
    "Cohort",
    "CohortResult",
    "Community",
    "Compare",
    "Comparison",
    "ConceptSet",
    "ControlChart",
    "Criterion",
    "DataError",
    "DaysBetween",
    "Decision",
    "DecisionRule",
    "DefinitionError",
    "Design",
    "Determination",
    "Diagnostic",
    "DiagnosticError",
    "Difference",
    "DisclosureError",
    "Effect",
    "Endpoint",
    "Equity",
    "EquityEffect",
    "Estimand",
    "Estimate",
    "Evaluation",
    "Events",
    "Evidence",
    "Exists",
    "Exposure",
    "Flow",
    "GroupGap",
    "InCohort",
    "IndexProcedure",
    "IndexVisit",
    "Inequality",
    "Interaction",
    "IntercurrentEvent",
    "KnowledgeExample",
    "KnowledgeObject",
    "LastDayWithAll",
    "LevelVariance",
    "Measure",
    "MeasureResult",
    "Meeting",
    "Member",
    "MetaAnalysis",
    "Near",
    "NewCode",
    "Not",
    "NotEstimable",
    "NotPooled",
    "Noun",
    "Number",
    "Occurrence",
    "Opportunity",
    "OpportunityList",
    "Period",
    "Point",
    "Posterior",
    "Prior",
    "PriorComponent",
    "Problem",
    "Protocol",
    "Provenance",
    "Published",
    "Reach",
    "Reading",
    "Ref",
    "RiskOfBias",
    "Rollout",
    "RoundsError",
    "Score",
    "SecondaryResult",
    "ServiceInfo",
    "Sex",
    "Signature",
    "Source",
    "SourceError",
    "Standing",
    "Stratifier",
    "Stratum",
    "StudyEffect",
    "Term",
    "Turn",
    "UnitResult",
    "Untold",
    "VariancePartition",
    "Variation",
    "Waiver",
    "Window",
    "Years",
]
