"""`rounds evaluation`: did care change, did health change, was anyone harmed?"""

from pathlib import Path
from typing import TYPE_CHECKING

from rounds.cli.output import effect, margin, number, show, utc_now, working
from rounds.cli.value_lines import uptake_lines, value_lines

if TYPE_CHECKING:
    from rounds.nouns import BalancingResult, Evaluation, FactorialResult

__all__ = ["run_"]


def run_(*, project: Path = Path(), json: bool = False) -> None:
    """Evaluate the rollout against its frozen protocol.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Plan, Project, publishable, run_evaluation

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path)
    with Desk.open(opened, now=utc_now, by=plan.problem.owner) as desk:
        with working("joining allocation to outcomes, as the protocol says"):
            judged = publishable(run_evaluation(desk))
        desk.ledger.export(opened.ledger)
    lines = [judged.title]
    lines += [
        f"  {check.name:<18}{check.verdict}: {check.detail}"
        for check in judged.diagnostics
    ]
    lines.append(f"  {'primary':<18}{effect(judged.estimate)}")
    lines += _against_margin(judged)
    lines += _other_looks(judged)
    lines += [
        f"  {'balancing':<18}{effect(part.estimate)}, margin {_margin(part)}: "
        f"{part.verdict.replace('_', ' ')}"
        for part in judged.balancing
    ]
    lines += [*uptake_lines(judged), *value_lines(judged)]
    lines += ["", judged.ref().short]
    show({"evaluation": judged, "ref": str(judged.ref())}, lines, as_json=json)


def _margin(part: "BalancingResult") -> str:
    return margin(part, getattr(part.estimate, "scale", "risk_difference"))


def _against_margin(judged: "Evaluation") -> list[str]:
    """Give the line of non-inferiority or equivalence, where that was asked."""
    found = judged.hypothesis
    if found is None:
        return []
    limit = margin(found, getattr(judged.estimate, "scale", "risk_difference"))
    verdict = found.verdict.replace("_", " ")
    return [f"  {found.hypothesis:<18}margin {limit}: {verdict}"]


def _other_looks(judged: "Evaluation") -> list[str]:
    """Give the lines of what is looked at beside the estimate, none while sealed."""
    if judged.factorial is not None:
        return _of_two_factors(judged.factorial)
    looks = judged.schedule
    if looks is None or looks.within_clinics is None:
        return []
    lines = [f"  {'within clinics':<18}{number(looks.within_clinics)}"]
    lines += [
        f"  {f'card period {each.periods_since}':<18}{number(each.estimate)}"
        for each in looks.by_exposure_time
    ]
    if looks.time_average is not None:
        lines.append(f"  {'average over time':<18}{number(looks.time_average)}")
    if looks.permutation_p is not None:
        lines.append(
            f"  {'permutation':<18}p = {looks.permutation_p:.3f} of "
            f"{looks.n_permutations:,} schedules"
        )
    return lines


def _of_two_factors(two: "FactorialResult") -> list[str]:
    """Give the lines of the second factor, and of what both do together."""
    first, second = two.names
    lines = [
        f"  {'second factor':<18}{second}: {number(two.second.estimate)}",
        f"  {'interaction':<18}{number(two.interaction)}: {two.note}",
        f"  {'inside the table':<18}{first} alone: {number(two.first_alone)}",
        f"  {'':<18}{second} alone: {number(two.second_alone)}",
        f"  {'':<18}both: {number(two.both)}",
    ]
    return lines + [
        f"  {'of the second':<18}{effect(part.estimate)}, margin {_margin(part)}: "
        f"{part.verdict.replace('_', ' ')}"
        for part in two.second.balancing
    ]
