"""`rounds problem`: where does practice fall short?"""

from pathlib import Path

from rounds.cli.output import number, show, utc_now, working, year_of

__all__ = ["run_"]


def run_(
    *,
    project: Path = Path(),
    from_: str | None = None,
    to: str | None = None,
    json: bool = False,
) -> None:
    """Find where practice varies more than chance, and open the problem.

    What people must say beforehand (measure, aim, owner, community) stands in the
    section `problem` of turn.yaml.

    Parameters
    ----------
    project
        The project's folder.
    from_
        First day, YYYY-MM-DD; a year before the last day if not given.
    to
        Last day, included; a year after the first if not given, or the last day of
        the data if neither is.
    json
        Print one JSON object.
    """
    from rounds.conduct import (
        Desk,
        Plan,
        Project,
        publishable,
        run_problem,
        without_sites,
    )
    from rounds.nouns import NotEstimable
    from rounds.reports import Story, render
    from rounds.reports.case_mix_words import case_mix_sentences

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path).problem
    period = year_of(from_, to)
    with Desk.open(opened, now=utc_now, by=plan.owner) as desk:
        with working("comparing sites, months and groups"):
            found = publishable(run_problem(desk, plan, period))
        measure = desk.measure(plan.measure)
        desk.ledger.export(opened.ledger)
        masked = desk.practice.is_masked(utc_now())
    report = render(
        Story(measure=measure, community=plan.community, problem=found),
        opened.report,
        mask_sites=masked,
    )
    ref, compared = found.ref(), case_mix_sentences(found, masked=masked)
    if masked:
        found = without_sites(found)
    lines = [
        f"{found.title}, {found.period.start} to {found.period.end}",
        f"  baseline        {number(found.baseline)}",
        f"  gap to best     {number(found.gap_to_best, percent=False, digits=0)}",
    ]
    if isinstance(found.variation, NotEstimable):
        lines.append(f"  variation       {number(found.variation)}")
    else:
        lines.append(
            f"  variation       {found.variation.n_units} sites, "
            f"over-dispersion {found.variation.phi:.2f}"
        )
    lines += [f"  {sentence}" for sentence in compared]
    lines += [f"  * {sentence}" for sentence in found.limitations]
    lines += ["", ref.short, f"Report: {report}"]
    show(
        {"problem": found, "ref": str(ref), "report": report},
        lines,
        as_json=json,
    )
