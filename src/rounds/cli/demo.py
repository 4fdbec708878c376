"""`rounds demo`: one turn of the loop on a made health system."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import Progress, margin, number, show
from rounds.cli.output import effect as effect_in_words

if TYPE_CHECKING:
    from rounds.conduct.demo import DemoTurn
    from rounds.nouns import BalancingResult, Evaluation, Rollout
    from rounds.nouns.estimand import SummaryMeasure
    from rounds.reports import Story
    from rounds.school import Grade

__all__ = ["demo"]

Design = Literal[
    "parallel",
    "stepped-wedge",
    "cluster-crossover",
    "factorial",
    "encounter",
    "adaptive",
]


_SUMMARIES: "dict[str, SummaryMeasure]" = {
    "risk-difference": "risk_difference",
    "risk-ratio": "risk_ratio",
    "odds-ratio": "odds_ratio",
}


def demo(
    problem: Literal["hypertension"] = "hypertension",
    /,
    *,
    people: int = 10_000,
    weeks: int | None = None,
    seed: int = 1,
    effect: float = 0.06,
    harm: float = 0.0,
    design: Design = "parallel",
    second_effect: float = 0.04,
    summary: Literal["risk-difference", "risk-ratio", "odds-ratio"] = "risk-difference",
    problems: str = "hypertension",
    allocation: Literal[
        "permuted-blocks", "matched-pairs", "covariate-constrained", "minimisation"
    ] = "permuted-blocks",
    http: bool = False,
    lasting: bool = False,
    out: Path = Path("demo"),
    json: bool = False,
) -> None:
    """Turn the loop once on a made health system whose true answers are known.

    Parameters
    ----------
    problem
        Which simulated problem.
    people
        Registered adults in it.
    weeks
        Of enrolment; 13 weeks of follow-up come after. If not given: 26, or 79 for a
        stepped wedge and 39 for a cross-over, which pause for follow-up before a step;
        52 for adaptive.
    seed
        The same seed gives the same world.
    effect
        Planted difference in treatment intensified, in [0, 0.3].
    harm
        Planted difference in low pressure, in [0, 0.3].
    design
        Whether arms run in parallel, clinics switch to the card one step after another
        (stepped-wedge), go through both arms in turn (cluster-crossover), are dealt two
        cards crossed with each other (factorial), or each visit is randomised on its
        own (encounter), or patients are allocated more to the arm that does better, as
        looks at the running trial find (adaptive).
    second_effect
        Of a factorial trial: planted by the second card alone, in [0, 0.3].
    summary
        The summary measure that the protocol asks of the primary endpoint; the ratios
        are for designs in parallel.
    problems
        Simulated problems, by commas: hypertension, and beside it diabetes and
        screening, so that `rounds problem list` has several to rank.
    allocation
        How the arms are drawn: of clinics in permuted blocks, of matched pairs, or
        covariate-constrained; of patients, as they arrive, by minimisation.
    http
        Ask a real CDS Hooks server at every visit, instead of in this process.
    lasting
        Let more than another year go by after an adoption, to see what is left of it.
    out
        The demo's folder, made anew.
    json
        Print one JSON object.
    """
    from rounds.cli.server import http_door
    from rounds.conduct.demo import USUAL_WEEKS, DemoOptions, run_demo
    from rounds.reports import render
    from rounds.school import grade

    del problem
    weeks = USUAL_WEEKS[design] if weeks is None else weeks
    check_options(people, weeks, effect, harm, second_effect)
    options = DemoOptions(
        people=people,
        weeks=weeks,
        seed=seed,
        effect=effect,
        harm=harm,
        design=design,
        second_effect=second_effect,
        summary=_SUMMARIES[summary],
        problems=tuple(problems.split(",")),
        allocation=allocation.replace("-", "_"),
        lasting=lasting,
    )
    progress = Progress()
    done = run_demo(out, options, door=http_door if http else None, progress=progress)
    progress("grader: the sealed truth is opened")
    graded = grade(done)
    progress("report: for clinicians, and in plain language")
    report = render(story_of(done, graded), done.project.report)
    show(as_dict(done, graded, report), lines(done, graded, report, out), as_json=json)


def story_of(done: "DemoTurn", graded: "Grade") -> "Story":
    """Give a graded turn as the report tells it."""
    from rounds.reports import Story

    return Story(
        measure=done.measure,
        community=done.community,
        problem=done.problem,
        sources=done.sources,
        evidence=done.evidence,
        knowledge_object=done.knowledge_object,
        protocol=done.protocol,
        rollout=done.rollout,
        evaluation=done.evaluation,
        decision=done.decision,
        turn=done.turn,
        watch=done.watch,
        maintenance=done.maintenance,
        grade=graded.as_dict(),
    )


def check_options(
    people: int, weeks: int, effect: float, harm: float, second_effect: float = 0.0
) -> None:
    """Refuse what no world can be made of.

    Raises
    ------
    DefinitionError
        If an option is out of its range.
    """
    from rounds.nouns import DefinitionError

    problems = []
    if not 500 <= people <= 5_000_000:
        problems.append(f"--people {people} is not between 500 and 5,000,000")
    if not 4 <= weeks <= 260:
        problems.append(f"--weeks {weeks} is not between 4 and 260")
    if not 0 <= effect <= 0.3:
        problems.append(f"--effect {effect} is not between 0 and 0.3")
    if not 0 <= second_effect <= 0.3:
        problems.append(f"--second-effect {second_effect} is not between 0 and 0.3")
    if not 0 <= harm <= 0.3:
        problems.append(f"--harm {harm} is not between 0 and 0.3")
    if problems:
        raise DefinitionError(
            "; ".join(problems) + ".",
            code="demo-options",
            remedies=("rounds demo --help names the ranges.",),
        )


def as_dict(done: "DemoTurn", graded: "Grade", report: Path) -> dict[str, Any]:
    """Give the one object that `rounds demo --json` prints."""
    estimate = done.evaluation.estimate
    sealed = getattr(estimate, "sealed", None) or getattr(estimate, "reason", None)
    shown: dict[str, Any] = {"value": None, "lower": None, "upper": None}
    if sealed is None:
        shown = {key: getattr(estimate, key) for key in shown}
    return {
        "estimate": shown | {"sealed": sealed},
        "truth": graded.effect.truth,
        "decision": done.decision.decided,
        "recommended": done.decision.recommended,
        "reasons": list(done.decision.reasons),
        "diagnostics": list(done.evaluation.diagnostics),
        "grade": graded.as_dict(),
        "weeks": done.weeks,
        "event_log": done.event_log_hash,
        "report": report,
        "project": done.project.root,
    }


def lines(done: "DemoTurn", graded: "Grade", report: Path, out: Path) -> list[str]:
    """Give the lines that `rounds demo` prints."""
    found, judged, signed = done.problem, done.evaluation, done.decision
    checks = ", ".join(f"{d.name} {d.verdict}" for d in judged.diagnostics)
    whose = _whose(done.rollout)
    said = [
        "",
        f"problem     {number(found.baseline)} controlled at {len(found.units)} sites",
        (
            f"evidence    {len(done.evidence.sources)} sources, certainty "
            f"{done.evidence.certainty.rating}"
        ),
        (
            f"change      {_randomised(done.rollout)}, seed committed as "
            f"{done.rollout.seed_commitment[:12]}…"
        ),
        f"checks      {checks}",
        f"evaluation  {effect_in_words(judged.estimate)}{_more(judged, whose)}",
    ]
    if judged.hypothesis is not None:
        limit = margin(judged.hypothesis, getattr(judged.estimate, "scale", ""))
        verdict = judged.hypothesis.verdict.replace("_", " ")
        said.append(f"            {judged.hypothesis.hypothesis} {limit}: {verdict}")
    said += _of_two(done)
    said += [
        f"balancing   {effect_in_words(part.estimate)} with low pressure, "
        f"margin {_margin(part)}: {part.verdict.replace('_', ' ')}"
        for part in judged.balancing
    ]
    said += [
        f"decision    {signed.decided}, signed by {signed.signed_by.name}"
        + (f"; {done.in_force}" if done.in_force else ""),
        "",
        "The grader opens the sealed truth:",
        *graded.lines(),
        "",
        f"Report: {report}",
        "",
        "Next:",
        f"  rounds why decision/{signed.name} --project {out}",
        f"  rounds impact {_first_pmid(done)} --project {out}",
        "  rounds init our-hospital --from PATH-TO-YOUR-DATA",
    ]
    return said


def _margin(part: "BalancingResult") -> str:
    return margin(part, getattr(part.estimate, "scale", "risk_difference"))


def _more(judged: "Evaluation", whose: str) -> str:
    scale = getattr(judged.estimate, "scale", "risk_difference")
    if scale == "risk_difference":
        return f" more {whose} intensified"
    return f" of {whose} intensified"


def _of_two(done: "DemoTurn") -> list[str]:
    """Give the lines of the second card, where two were tried at once."""
    two, signed = done.evaluation.factorial, done.decision.second
    if two is None or signed is None:
        return []
    return [
        f"second card {number(two.second.estimate)}; decided: {signed.decided}",
        f"interaction {number(two.interaction)}: {two.note}",
    ]


def _randomised(rollout: "Rollout") -> str:
    """Say what was randomised, and how where it was not in permuted blocks."""
    if rollout.design.unit != "clinic":
        said = f"{_whose(rollout)} randomised as they arrive"
    else:
        said = f"{rollout.n_units} clinics randomised"
    if rollout.design.factors is not None:
        return f"{said} to the four cells of two cards"
    schedule = rollout.design.schedule
    if schedule is not None:
        return f"{said} to the sequences of a {schedule.title}"
    if rollout.design.allocation == "permuted_blocks":
        return said
    said = f"{said}, by {rollout.design.allocation.replace('_', ' ')}"
    return f"{said} ({rollout.left_out} left out)" if rollout.left_out else said


def _whose(rollout: "Rollout") -> str:
    """Say whose treatment the primary endpoint is about."""
    return "visits" if rollout.design.unit == "encounter" else "patients"


def _first_pmid(done: "DemoTurn") -> str:
    pmids = [source.pmid for source in done.sources if source.pmid]
    return f"PMID:{pmids[0]}" if pmids else str(done.evidence.ref().name)
