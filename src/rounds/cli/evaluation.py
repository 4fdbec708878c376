"""`rounds evaluation`: did care change, did health change, was anyone harmed?"""

from pathlib import Path

from rounds.cli.output import number, show, utc_now, working

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
    lines.append(f"  {'primary':<18}{number(judged.estimate)}")
    lines += [
        f"  {'balancing':<18}{number(part.estimate)}, margin {part.margin:.1%}: "
        f"{part.verdict.replace('_', ' ')}"
        for part in judged.balancing
    ]
    lines += ["", judged.ref().short]
    show({"evaluation": judged, "ref": str(judged.ref())}, lines, as_json=json)
