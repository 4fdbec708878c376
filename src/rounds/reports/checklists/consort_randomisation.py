"""CONSORT's items on randomisation and blinding."""

from rounds.nouns import Design, Protocol, Rollout
from rounds.reports.checklists.answers import (
    Answers,
    not_applicable,
    reported,
    within,
)
from rounds.reports.wording import named

__all__ = ["blinding", "randomisation"]


def _drawn(design: Design) -> str:
    if design.factors is not None:
        return "Blocks that hold each of the four cells once, dealt in random order"
    if design.schedule is not None:
        return "Blocks that hold each sequence once, dealt to clinics in random order"
    if design.allocation == "permuted_blocks":
        sizes = ", ".join(map(str, design.block_sizes))
        return f"Permuted blocks whose sizes are drawn at random from {sizes}"
    return design.in_words[0].upper() + design.in_words[1:]


def randomisation(rollout: Rollout, what: str) -> Answers:
    """Answer the items on sequence, concealment and implementation.

    Parameters
    ----------
    what : str
        The units that were randomised, as readers call them.
    """
    design, where = rollout.design, within("Change", rollout, "design")
    strata = " and ".join(map(named, design.strata))
    drawn = _drawn(design)
    committed = within("Change", rollout, "seed_commitment")
    concealed = (
        f"Arms of {what} come from a secret seed to which the rollout is committed "
        f"({rollout.seed_commitment[:12]}…); it is published once enrolment has closed."
    )
    return {
        "8a": reported(
            "Drawn by HMAC-SHA256 from one seed, so that anybody who has it can "
            "replay every allocation.",
            committed,
        ),
        "8b": reported(
            f"{drawn}{f', within strata of {strata.lower()}' if strata else ''}.",
            where,
        ),
        "8b/cluster": reported(f"Strata: {strata.lower()}.", where)
        if strata
        else reported(f"{drawn}.", where)
        if design.allocation == "matched_pairs"
        else not_applicable("Neither strata nor pairs were used."),
        "9": reported(concealed, committed),
        "9/cluster": reported("Clinics were allocated, and concealed.", committed),
        "9/routine": reported(
            "The service that answers at the visit allocates; it is no part of the "
            "database.",
            committed,
        ),
        "10": reported(
            f"The sequence was made and applied by software, {_when(design)}, under "
            f"{rollout.responsible}; patients were enrolled by their visits, with "
            "nobody choosing them.",
            within("Change", rollout, "responsible"),
        ),
        "10/cluster": reported(
            "Complete enumeration: everybody whose record meets the criteria.",
            where,
        ),
    }


def _when(design: Design) -> str:
    if design.unit == "clinic":
        return "when the rollout was registered"
    if design.unit == "encounter":
        return "at the first call of each encounter at which the card was due"
    return "at each patient's first call"


def blinding(protocol: Protocol) -> Answers:
    """Answer the items on blinding."""
    return {
        "11a": reported(
            "Clinicians and patients were not blinded: a card is seen or is not. "
            "Outcomes are computed from records by measures that do not know the arm.",
            within("Change", protocol, "endpoints.measure"),
        ),
        "11b": not_applicable("One arm sees a card, the other sees none."),
    }
