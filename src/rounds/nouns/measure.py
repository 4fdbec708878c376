"""How well (FHIR Measure)."""

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import UNTOLD, Noun, Published
from rounds.nouns.concept_set import Addition, Code, CodePrefix, ConceptSet
from rounds.nouns.criteria import Criterion, Number, Score
from rounds.nouns.domains import Basis, misplaced
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = ["Measure", "MeasureResult", "Stratifier", "Stratum"]


class Stratum(Noun):
    """One part of the subjects, with its label."""

    label: str = Field(min_length=1)
    when: Criterion


class Stratifier(Noun):
    """A way to divide the subjects (FHIR `Measure.group.stratifier`).

    A subject is in the first stratum that holds; in none, and said so, if none does.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = ""
    strata: tuple[Stratum, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _labels_differ(self) -> Self:
        labels = [one.label for one in self.strata]
        if len(set(labels)) < len(labels):
            raise ValueError(f"the strata of {self.name!r} have one label twice")
        return self


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
    basis: Basis = "person"
    """What is counted (FHIR populationBasis)."""
    index: Literal["first", "each"] | None = None
    """Of visits and procedures: the first of the initial population that starts in the
    period, or each (one a day)."""
    index_day: Literal["start", "end"] = Field(
        default="start", exclude_if=lambda which: which == "start"
    )
    """Which day of an index is in the period, and in a month: discharges are counted by
    the `end`, and a visit whose end is not recorded is none yet."""
    scoring: Literal["proportion", "ratio", "continuous-variable"] = "proportion"
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
    measure_observation: Number | None = None
    observed_when: Criterion | None = None
    """When the outcome can be known; without it a proportion is always observed."""
    aggregate: Literal["mean", "median"] = Field(
        default="mean", exclude_if=lambda how: how == "mean"
    )
    """What is made of the numbers of a continuous variable (FHIR aggregateMethod)."""
    numerator_observation: Number | None = UNTOLD
    """Of a ratio: what each subject of its numerator adds to it; 1 if not given."""
    denominator_observation: Number | None = UNTOLD
    """Of a ratio: what each subject of its denominator adds to it, days for example."""
    expected: Score | None = Field(default=None, exclude_if=lambda one: one is None)
    """What a risk model expects of a subject; observed over expected is given."""
    stratifiers: tuple[Stratifier, ...] = Field(
        default=(), exclude_if=lambda some: not some
    )
    """What a result can be split by, beside sites, months and the like."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._of_its_scoring(), *self.misplaced()]
        if (self.basis != "person") != (self.index is not None):
            problems.append(
                "index (first or each) belongs to basis visit or procedure, and they "
                "need it"
            )
        if self.basis == "person" and self.index_day != "start":
            problems.append("index_day belongs to basis visit or procedure")
        names = [one.name for one in self.stratifiers]
        if len(set(names)) < len(names):
            problems.append("two stratifiers have one name")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def misplaced(self) -> Iterator[str]:
        """Say which parts of its clauses do not fit together, or its basis."""
        for field in type(self).model_fields:
            if isinstance(clause := getattr(self, field), Noun):
                yield from misplaced(clause, self.basis, field)
        for one in self.stratifiers:
            yield from misplaced(one, self.basis, f"stratifiers.{one.name}")

    def _of_its_scoring(self) -> Iterator[str]:
        if self.scoring == "continuous-variable":
            if self.measure_observation is None:
                yield "a continuous-variable has a measure_observation"
            if self.numerator is not None:
                yield "a continuous-variable has no numerator"
            if self.expected is not None:
                yield "a continuous-variable has no expected count"
        else:
            if self.numerator is None:
                yield f"a {self.scoring} has a numerator"
            if self.measure_observation is not None:
                yield f"a {self.scoring} has no measure_observation"
            if self.aggregate != "mean":
                yield f"a {self.scoring} has no aggregate"
        if self.scoring == "ratio":
            if self.denominator_exception is not None:
                yield "a ratio has no denominator_exception"
        elif self.numerator_observation or self.denominator_observation:
            yield "numerator_observation and denominator_observation belong to a ratio"
        if self.expected is not None and self.expected.link == "identity":
            yield "expected: give a link, logit or log; a sum is no expected count"

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
    scoring: Literal["proportion", "ratio", "continuous-variable"] = Field(
        default="proportion", exclude_if=lambda scoring: scoring == "proportion"
    )
    period: Period
    snapshot: str | None = None
    """The datamart's snapshot that was read."""
    populations: dict[str, int | None] = Field(default_factory=dict)
    """FHIR population → how many; `denominator` is what is left after exclusions."""
    overall: UnitResult
    by_characteristic: str | None = None
    """What `by` is split by: `care_site`, `month`, …"""
    by: tuple[UnitResult, ...] = ()
    unused_codes: tuple[str, ...] = ()
    """Of each concept set, the codes that no row of the data has."""
    limitations: tuple[str, ...] = ()
