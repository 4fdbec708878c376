"""How well (FHIR Measure)."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun, Published
from rounds.nouns.concept_set import Addition, Code, CodePrefix, ConceptSet
from rounds.nouns.criteria import Criterion, Reading
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = ["Measure", "MeasureResult"]


class Measure(Published):
    """Who is counted, who is left out, and who did well (FHIR Measure).

    The populations bear FHIR's names. The denominator is the initial population where
    no criterion narrows it.
    """

    kind: ClassVar[str] = "measure"
    title: str
    description: str = ""
    follows: str = ""
    """What published measure, in which version, it was written after."""
    source: tuple[str, ...] = ()
    """What was read: addresses and versions."""
    leaves_out: tuple[str, ...] = ()
    """What that measure has and this one has not, each as a sentence."""
    basis: Literal["person", "visit"] = "person"
    """What is counted (FHIR populationBasis)."""
    index: Literal["first", "each"] | None = None
    """Visit basis: the first visit of the initial population in the period, or each."""
    scoring: Literal["proportion", "continuous-variable"] = "proportion"
    type: Literal["outcome", "process", "balancing"]
    improvement_notation: Literal["increase", "decrease"]
    unit: str = ""
    """The observation's unit (UCUM), for a continuous variable."""
    concept_sets: tuple[ConceptSet, ...] = ()
    additions: tuple[Addition, ...] = ()
    """Widenings of the concept sets, each with its reason and its switch."""
    initial_population: Criterion
    denominator: Criterion | None = None
    denominator_exclusion: Criterion | None = None
    denominator_exception: Criterion | None = None
    """Leaves the denominator only if the numerator is not met."""
    numerator: Criterion | None = None
    numerator_exclusion: Criterion | None = None
    measure_observation: Reading | None = None
    observed_when: Criterion | None = None
    """When the outcome can be known; without it a proportion is always observed."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = []
        if (self.basis == "visit") != (self.index is not None):
            problems.append("index (first or each) belongs to the visit basis alone")
        if self.scoring == "proportion" and self.numerator is None:
            problems.append("a proportion has a numerator")
        if self.scoring == "continuous-variable" and self.measure_observation is None:
            problems.append("a continuous-variable has a measure_observation")
        if self.scoring == "continuous-variable" and self.numerator is not None:
            problems.append("a continuous-variable has no numerator")
        if self.scoring == "proportion" and self.measure_observation is not None:
            problems.append("a proportion has no measure_observation")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def switched(self, addition: str, *, enabled: bool) -> Self:
        """Give the same measure with one addition enabled or not.

        Raises
        ------
        KeyError
            If the measure has no such addition.
        """
        names = [one.name for one in self.additions]
        if addition not in names:
            raise KeyError(addition)
        changed = tuple(
            one.model_copy(update={"enabled": enabled}) if one.name == addition else one
            for one in self.additions
        )
        return self.model_copy(update={"additions": changed})

    def included(self, concept_set: str) -> tuple[Code | CodePrefix, ...]:
        """Give the codes of a concept set, those of enabled additions among them.

        Raises
        ------
        KeyError
            If the measure has no such concept set.
        """
        for one in self.concept_sets:
            if one.name == concept_set:
                added = [
                    code
                    for addition in self.additions
                    if addition.enabled and addition.concept_set == concept_set
                    for code in addition.include
                ]
                return (*one.include, *added)
        raise KeyError(concept_set)


class MeasureResult(Noun):
    """A measure over a period, in counts that have not been suppressed yet."""

    measure: Ref
    title: str = ""
    period: Period
    snapshot: str | None = None
    """The datamart's snapshot that was read."""
    populations: dict[str, int | None] = Field(default_factory=dict)
    """FHIR population → how many; `denominator` is what is left after exclusions."""
    overall: UnitResult
    by_characteristic: str | None = None
    """What `by` is split by: `care_site`, `month`, …"""
    by: tuple[UnitResult, ...] = ()
    limitations: tuple[str, ...] = ()
