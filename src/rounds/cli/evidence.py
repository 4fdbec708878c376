"""`rounds evidence`: what is known already?"""

from pathlib import Path

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
    from rounds.conduct import Desk, Plan, Project, run_evidence
    from rounds.nouns import NotEstimable

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path)
    part = plan.need("evidence")
    with Desk.open(opened, now=utc_now, by=plan.problem.owner) as desk:
        with working("pooling the sources"):
            known = run_evidence(desk, part)
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
    lines += ["", known.ref().short]
    show({"evidence": known, "ref": str(known.ref())}, lines, as_json=json)
