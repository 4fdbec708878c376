"""`rounds evidence`: what is known already?"""

from pathlib import Path
from typing import Any

from rounds.cli.output import number, show, utc_now, working

__all__ = ["run_"]


def run_(*, project: Path = Path(), json: bool = False) -> None:
    """Appraise the sources that turn.yaml names, and derive the prior.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.cli.decision_list import tried_lines, tried_objects
    from rounds.conduct import Desk, Plan, Project, alike, run_evidence, tried_before
    from rounds.nouns import NotEstimable

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path)
    part = plan.need("evidence")
    with Desk.open(opened, now=utc_now, by=plan.problem.owner) as desk:
        with working("pooling the sources"):
            known = run_evidence(desk, part)
        before = alike(tried_before(desk.ledger), known.question.intervention)
        desk.ledger.export(opened.ledger)
    pooled = known.meta_analysis
    lines = [known.title, f"  sources         {len(known.sources)}"]
    if isinstance(pooled, NotEstimable):
        lines.append(f"  pooled          {number(pooled)}")
    else:
        lines += [
            f"  pooled          {number(pooled.pooled)}",
            f"  heterogeneity   I² {pooled.i2:.0%}, τ² {pooled.tau2:.2g}",
            f"  prediction      {number(pooled.prediction)}",
        ]
    lines.append(f"  certainty       {known.certainty.rating} (GRADE)")
    lines += [f"  * {sentence}" for sentence in known.limitations]
    if before:
        lines += ["", "Tried here before:", *tried_lines(before)]
    lines += ["", known.ref().short]
    found: dict[str, Any] = {"evidence": known, "ref": str(known.ref())}
    found["tried_before"] = tried_objects(before)
    show(found, lines, as_json=json)
