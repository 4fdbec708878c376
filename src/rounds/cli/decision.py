"""`rounds decision`: adopt, adapt, abandon or extend."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rounds.cli.output import show, utc_now

if TYPE_CHECKING:
    from rounds.nouns import FactorDecision, RuleRate

__all__ = ["run_"]


def run_(
    *,
    project: Path = Path(),
    signed_by: str | None = None,
    decide: Literal["adopt", "adapt", "abandon", "extend"] | None = None,
    decide_second: Literal["adopt", "adapt", "abandon", "extend"] | None = None,
    reason: str = "",
    json: bool = False,
) -> None:
    """Read the rule that was fixed beforehand, sign, and put it in force.

    Parameters
    ----------
    project
        The project's folder.
    signed_by
        Who signs; the person named in turn.yaml if not given.
    decide
        What is decided, where it is not what the rule recommends.
    decide_second
        The same of the second factor of a factorial trial.
    reason
        Why the decision departs from the rule.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Plan, Project, run_decision

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path)
    part = plan.need("decision")
    if signed_by is not None:
        part = part.model_copy(update={"signed_by": signed_by})
    with Desk.open(opened, now=utc_now, by=part.signed_by) as desk:
        signed, in_force = run_decision(
            desk,
            part,
            decided=decide,
            second_decided=decide_second,
            departure_reason=reason,
        )
        desk.ledger.export(opened.ledger)
    lines = [
        f"{signed.title}",
        f"  recommended     {signed.recommended}",
        *(f"  * {sentence}" for sentence in signed.reasons),
        *_rates(signed.rates),
        f"  decided         {signed.decided}",
        *_of_second(signed.second),
        f"  signed by       {signed.signed_by.name} (identity not authenticated)",
    ]
    if in_force:
        lines.append(f"  in force        {in_force}")
    lines += ["", signed.ref().short]
    show({"decision": signed, "in_force": in_force}, lines, as_json=json)


def _rates(rates: "tuple[RuleRate, ...]") -> list[str]:
    """Say how often the rule errs at the precision of this trial."""
    of = {rate.truth: rate for rate in rates}
    if not of:
        return []
    wrong, harmful = of["no_effect"].adopt, of["harmful"].adopt
    missed = 1 - of["worthwhile"].adopt
    return [
        "  errs            a trial as precise as this one",
        f"                  adopts {wrong:.1%} of changes that do nothing,",
        f"                  adopts {harmful:.1%} of those that harm, and",
        f"                  misses {missed:.1%} of the least worthwhile",
    ]


def _of_second(second: "FactorDecision | None") -> list[str]:
    if second is None:
        return []
    return [
        f"  second factor   {second.knowledge_object.name}",
        f"    recommended   {second.recommended}",
        *(f"    * {sentence}" for sentence in second.reasons),
        *_rates(second.rates),
        f"    decided       {second.decided}",
    ]
