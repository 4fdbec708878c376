"""`rounds evaluation maintenance`: does an adopted change last?"""

from pathlib import Path

from rounds.cli.output import show, utc_now, working
from rounds.cli.value_lines import lasting_lines

__all__ = ["maintenance_"]


def maintenance_(*, project: Path = Path(), json: bool = False) -> None:
    """Say what is left of the adopted change after six and twelve months.

    Rates come from routine data after the decision; before they can be known the
    answer is "too early". The change is published beside the evaluation.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Plan, Project, run_maintenance

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path)
    with Desk.open(opened, now=utc_now, by=plan.problem.owner) as desk:
        with working("reading routine data after the decision"):
            found = run_maintenance(desk)
        desk.ledger.export(opened.ledger)
    lines = [*lasting_lines(found), "", found.ref().short]
    show({"maintenance": found, "ref": str(found.ref())}, lines, as_json=json)
