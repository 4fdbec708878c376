"""The step: register a rollout, and nothing goes live without its safeguards."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from rounds import __version__
from rounds.loop.change.knowledge import check_knowledge
from rounds.loop.change.rollouts import (
    Allocated,
    CovariateConstrained,
    Known,
    MatchedPairs,
    PermutedBlocks,
    Sequences,
)
from rounds.nouns import (
    DefinitionError,
    Design,
    Determination,
    Evidence,
    KnowledgeObject,
    Protocol,
    Provenance,
    Rollout,
)
from rounds.practice import Practice, Seed

__all__ = ["run"]

_FEWEST_OF_TWO_FACTORS = 8
"""Two clinics a cell."""

Notification = Literal["notice", "opt_out", "consent"]
_WHY_ALIKE = (
    "Arms that were made alike differ less than by chance; an analysis that does not "
    "know it gives intervals that are too wide, and loses power."
)
_WHY_ADJUSTED = {
    "response_adaptive": "Chances of the arms change between epochs, which are the "
    "strata: without them, outcomes that drift would look like an effect."
}


def run(
    evidence: Evidence,
    knowledge_object: KnowledgeObject,
    protocol: Protocol,
    design: Design,
    practice: Practice,
    *,
    determination: Determination | None,
    notification: Notification | None,
    responsible: str,
    name: str,
    title: str,
    units: Mapping[str, str],
    known: Known | None = None,
    second: KnowledgeObject | None = None,
    seed: bytes,
    salt: bytes,
    starts: dt.date | None = None,
    at: dt.datetime | None = None,
) -> Rollout:
    """Put knowledge before a random part of care, and give the Rollout.

    Registering the same again (after a crash) changes nothing.

    Parameters
    ----------
    determination : Determination
        Improvement, research or both; without it nothing starts.
    notification : str
        How patients are told and may decline.
    responsible : str
        The person who answers for it.
    units : dict
        Clinic (Organization id) → stratum; empty where patients or encounters are
        randomised, which are allocated at their first call, by clinic if `strata` has
        `clinic`.
    known : dict, optional
        Clinic → `size` and `baseline_rate`, for allocations that balance them.
    second : KnowledgeObject, optional
        Of the second factor, where the design has two; of another service.
    seed, salt : bytes, shape (32,)
        From the operating system's random source; kept in private files only.
    starts : date, optional
        The first day on which a card may be shown; the protocol's go-live if not given.
    at : datetime, optional
        When it is registered; the midnight at which it starts if not given.

    Raises
    ------
    DefinitionError
        If a safeguard is missing, the knowledge fails its own examples, or the nouns
        do not belong together.
    """
    starts = starts or protocol.go_live
    determination, notification = _safeguards(determination, notification, responsible)
    check_knowledge(knowledge_object)
    _check_together(evidence, knowledge_object, protocol, design, starts)
    _check_factors(design, knowledge_object, second)
    _check_units(design, units)
    _check_adjusted(design, protocol)
    _check_asked(design, knowledge_object)
    private = Seed(seed, salt)
    allocated = _allocate(design, units, known or {}, seed)
    rollout = Rollout(
        name=name,
        title=title,
        evidence=evidence.ref(),
        knowledge_object=knowledge_object.ref(),
        second_knowledge_object=None if second is None else second.ref(),
        protocol=protocol.ref(),
        design=design,
        determination=determination,
        notification=notification,
        responsible=responsible,
        starts=starts,
        n_units=len(allocated.assignments) if design.unit == "clinic" else None,
        left_out=len(allocated.left_out),
        constrained_set=allocated.constrained_set,
        seed_commitment=private.commitment(),
        provenance=_provenance(evidence, protocol, knowledge_object, second),
    )
    practice.start(
        rollout,
        knowledge_object,
        enrolment_end=protocol.enrolment.end,
        assignments=allocated.assignments,
        second=second,
        seed=private,
        at=at or dt.datetime.combine(starts, dt.time(), tzinfo=dt.UTC),
    )
    return rollout


def _provenance(
    evidence: Evidence, protocol: Protocol, *knowledge: KnowledgeObject | None
) -> Provenance:
    cards = [one.ref() for one in knowledge if one is not None]
    return Provenance(
        made_from=(evidence.ref(), *cards, protocol.ref()),
        snapshot=evidence.provenance.snapshot,
        code_version=__version__,
    )


def _allocate(
    design: Design, units: Mapping[str, str], known: Known, seed: bytes
) -> Allocated:
    """Draw arms, or sequences, of units that are known; none where patients arrive."""
    if design.allocation == "matched_pairs":
        return MatchedPairs(seed, design.balances).assign(units, known)
    if design.allocation == "covariate_constrained":
        fraction = design.constrained_fraction
        return CovariateConstrained(seed, design.balances, fraction).assign(
            units, known
        )
    if design.schedule is not None:
        sequences = Sequences(seed, design.schedule.names)
        return Allocated(assignments=sequences.assign(units))
    if design.factors is not None:
        # This halves each factor, and each within both arms of the other.
        cells = Sequences(seed, design.factors.CELLS)
        return Allocated(assignments=cells.assign(units))
    blocks = PermutedBlocks(seed, design.block_sizes)
    return Allocated(assignments=blocks.assign(units))


def _safeguards(
    determination: Determination | None,
    notification: Notification | None,
    responsible: str,
) -> tuple[Determination, Notification]:
    missing = _missing(determination, notification, responsible)
    if determination is None or notification is None or missing:
        raise DefinitionError(
            f"The rollout cannot start: {'; '.join(missing)}.",
            code="safeguard-missing",
            why="Patients take part: someone decides, tells them, and answers for it.",
            remedies=("Record each in turn.yaml, under change.",),
        )
    if notification == "consent":
        raise DefinitionError(
            "A rollout by individual consent cannot be served yet.",
            code="consent-not-yet",
            why="No consents are kept here, so nobody could rightly be shown a card.",
            remedies=("Where your review allows it: notice or opt_out.",),
        )
    return determination, notification


def _missing(
    determination: Determination | None,
    notification: Notification | None,
    responsible: str,
) -> list[str]:
    missing = []
    if determination is None:
        missing.append("no determination (improvement, research or both) is recorded")
    if notification not in ("notice", "opt_out", "consent"):
        missing.append("no mode of notification (notice, opt_out or consent) is given")
    if not responsible or not responsible.strip():
        missing.append("no responsible person is named")
    return missing


def _check_together(
    evidence: Evidence,
    knowledge: KnowledgeObject,
    protocol: Protocol,
    design: Design,
    starts: dt.date,
) -> None:
    problems = []
    if knowledge.evidence is not None and knowledge.evidence != evidence.ref():
        problems.append("the knowledge object rests on other evidence")
    if protocol.problem != evidence.problem:
        problems.append("the protocol and the evidence are about different problems")
    if protocol.unit_of_randomisation != design.unit:
        problems.append(
            f"the protocol randomises by {protocol.unit_of_randomisation}, "
            f"the design by {design.unit}"
        )
    if protocol.allocation != design.allocation:
        problems.append(
            f"the protocol is for {protocol.allocation}, the design draws "
            f"{design.allocation}"
        )
    if protocol.schedule != design.schedule:
        problems.append("the protocol and the design have different schedules")
    if protocol.factors != design.factors:
        problems.append("the protocol and the design have different factors")
    if protocol.adaptation != design.adaptation:
        problems.append("the protocol and the design adapt in different ways")
    if not protocol.go_live <= starts <= protocol.enrolment.start:
        problems.append("it does not start between go-live and the first enrolment")
    if problems:
        raise DefinitionError(
            f"The rollout does not hold together: {'; '.join(problems)}.",
            code="rollout-inconsistent",
            remedies=("Make each of them from the ones before it, in order.",),
        )


def _check_factors(
    design: Design, knowledge: KnowledgeObject, second: KnowledgeObject | None
) -> None:
    if (design.factors is None) is not (second is None):
        raise DefinitionError(
            "The design has two factors, and one knowledge object was handed in."
            if second is None
            else "A second knowledge object came with a design that has one factor.",
            code="factors-and-knowledge",
            why="Each factor is a card of its own, shown or kept silent.",
            remedies=(
                "Name both files: knowledge_object and second_knowledge_object.",
                "Say design.factors where two things are tried, and only there.",
            ),
        )
    if second is None:
        return
    check_knowledge(second)
    if second.service.id == knowledge.service.id:
        raise DefinitionError(
            f"Both factors are served as {second.service.id!r}.",
            code="factors-and-knowledge",
            why="A call is answered by one service: the two could not be told apart.",
            remedies=("Give the second knowledge object a service id of its own.",),
        )


def _check_units(design: Design, units: Mapping[str, str]) -> None:
    if design.unit != "clinic" and units:
        raise DefinitionError(
            f"{design.unit.capitalize()}s are allocated when they are first met, not "
            "from a list.",
            code="units-given",
            remedies=("Leave units empty.", "Randomise by clinic."),
        )
    if design.unit == "clinic" and len(units) < 2:
        raise DefinitionError(
            f"{len(units)} clinic(s) cannot be randomised.",
            code="too-few-units",
            why="Both arms need a clinic at the least; a sound estimate many.",
            remedies=("Randomise by patient.", "Ask more clinics to take part."),
        )
    if design.factors is not None and len(units) < _FEWEST_OF_TWO_FACTORS:
        raise DefinitionError(
            f"{len(units)} clinic(s) cannot be dealt to the four cells of two factors.",
            code="too-few-units",
            why="A cell of one clinic tells nothing of how clinics of it differ.",
            remedies=(
                f"Ask more clinics to take part: {_FEWEST_OF_TWO_FACTORS} at least.",
                "Try one factor, and the other in the next turn.",
            ),
        )
    n_sequences = len(design.schedule.names) if design.schedule else 0
    if n_sequences > len(units):
        raise DefinitionError(
            f"{len(units)} clinics cannot go through {n_sequences} sequences.",
            code="fewer-clinics-than-sequences",
            why="A sequence without a clinic leaves a step that nobody takes.",
            remedies=(
                "Name fewer periods, or fewer sequences.",
                "Ask more clinics to take part.",
            ),
        )


def _check_adjusted(design: Design, protocol: Protocol) -> None:
    missing = [name for name in design.adjusts if name not in protocol.covariates]
    if missing:
        needed = dict.fromkeys((*design.adjusts, *protocol.covariates))
        raise DefinitionError(
            f"Protocol.covariates lacks {', '.join(missing)}, which "
            f"{design.allocation} needs.",
            code="allocation-not-adjusted",
            why=_WHY_ADJUSTED.get(design.allocation, _WHY_ALIKE),
            remedies=(f"covariates: [{', '.join(needed)}]",),
        )


def _check_asked(design: Design, knowledge: KnowledgeObject) -> None:
    by_person = {"sex", "age_band"}.intersection(design.balances)
    if by_person and "patient" not in knowledge.service.prefetch:
        raise DefinitionError(
            f"Minimisation by {' and '.join(sorted(by_person))} needs the patient, "
            "whom the service does not ask for.",
            code="factor-not-asked",
            why="Everybody would be of the level unknown, and nothing be balanced.",
            remedies=(
                "Let service.prefetch have patient: Patient/{{context.patientId}}",
                "Balance the clinic alone: design.balanced_on: [clinic]",
            ),
        )
    if design.unit == "encounter" and "encounter" not in knowledge.service.prefetch:
        raise DefinitionError(
            "Encounters are randomised, and the service does not ask for them.",
            code="factor-not-asked",
            why="No call could be told from another, and none would be allocated.",
            remedies=(
                (
                    "Let service.prefetch have encounter: "
                    "Encounter/{{context.encounterId}}"
                ),
            ),
        )
