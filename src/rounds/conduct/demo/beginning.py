"""The first half of a demo's turn: a past, a problem, what is known, a change."""

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

from rounds.conduct.demo.adapting import adaptive_looks
from rounds.conduct.demo.encounters import by_encounter
from rounds.conduct.demo.options import DemoOptions
from rounds.conduct.demo.schedules import closed_days, schedule_of
from rounds.conduct.desk import Desk
from rounds.conduct.plan import EndpointPlan, Plan, allocated_by
from rounds.conduct.project import Project
from rounds.conduct.steps import run_change, run_evidence, run_problem
from rounds.datamart import load
from rounds.nouns import (
    DefinitionError,
    Evidence,
    Factors,
    Member,
    Period,
    Problem,
    Protocol,
    Rollout,
)
from rounds.nouns.estimand import SummaryMeasure
from rounds.world import World, WorldConfig

__all__ = ["Beginning", "Clock", "begin", "load_practice"]

CONTENT = ("turn.yaml", "sources.yaml", "knowledge_object.yaml", "costs.yaml")
SECOND = "second_knowledge_object.yaml"


class Clock:
    """The world's calendar, which the ledger's entries of a demo are stamped with."""

    def __init__(self, day: dt.date) -> None:
        self.day = day

    def __call__(self) -> dt.datetime:
        """Give noon of the day, UTC."""
        return dt.datetime.combine(self.day, dt.time(12), tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """A health system on the eve of go-live, its problem and its evidence."""

    project: Project
    plan: Plan
    world: World
    problem: Problem
    evidence: Evidence
    rollout: Rollout
    protocol: Protocol
    options: DemoOptions

    @property
    def eve(self) -> dt.date:
        """The last day before go-live."""
        return self.world.go_live - dt.timedelta(days=1)

    def again(self, root: Path, options: DemoOptions) -> "Beginning":
        """Give the same past another future, in a copy of the project.

        Parameters
        ----------
        options : DemoOptions
            Only `effect` and `harm` may differ: the rest made the past.
        """
        assert options == replace(
            self.options, effect=options.effect, harm=options.harm
        )
        shutil.copytree(self.project.root, root)
        world = self.world.planted(effect=options.effect, harm=options.harm)
        return replace(self, project=Project.open(root), world=world, options=options)


def begin(
    root: Path, options: DemoOptions, progress: Callable[[str], None]
) -> Beginning:
    """Live up to go-live: find the problem, appraise what is known, roll out."""
    plan = _as_asked(_shipped_plan(), options)
    config = _world_asked(options, plan)  # before a folder is made
    project = Project(Path(root).resolve())
    project.remove_demo()
    project = Project.init(root, source=None, demo=True)
    for name in (*CONTENT, *((SECOND,) if options.design == "factorial" else ())):
        text = (files("rounds.conduct.demo") / name).read_text()
        (project.root / name).write_text(text)
    project.plan_path.write_text(plan.to_yaml())
    assert plan.evidence is not None
    assert plan.change is not None

    progress("a health system lives through eighteen months")
    world = World(config)
    world.live(world.go_live, None)
    eve = world.go_live - dt.timedelta(days=1)
    by, threads = plan.problem.owner, options.threads
    with Desk.open(project, now=Clock(eve), by=by, threads=threads) as desk:
        load_practice(desk, world)
        progress("problem: where does practice vary more than chance?")
        year = Period(start=eve - dt.timedelta(days=364), end=eve)
        found = run_problem(desk, plan.problem, year)
        progress("evidence: what is known already?")
        known = run_evidence(desk, plan.evidence)
        progress(f"change: the card goes live {_GOES_LIVE[options.design]}")
        seed = hashlib.sha256(f"rounds demo allocation {options.seed}".encode())
        rollout, protocol = run_change(desk, plan.change, seed=seed.digest())
    return Beginning(
        project=project,
        plan=plan,
        world=world,
        problem=found,
        evidence=known,
        rollout=rollout,
        protocol=protocol,
        options=options,
    )


_FACTORS = Factors(
    first="The card to intensify",
    second="The card with the next step",
    interaction_margin=0.08,
)
_NEVER_SEALED = {"interaction_margin": 2.0, "interaction_alpha": 1e-12}
"""No difference of risks is so large: for the grader, who sees under the seal."""

_GOES_LIVE = {
    "parallel": "in a random half",
    "stepped-wedge": "at clinic after clinic, in a random order",
    "cluster-crossover": "in a random half, and then in the other",
    "factorial": "in a random half, and another in a half of both halves",
    "encounter": "at a random half of the visits",
    "adaptive": "for a random half of patients, then more for the better arm",
}


def _shipped_plan() -> Plan:
    with as_file(files("rounds.conduct.demo") / "turn.yaml") as path:
        return Plan.load(path)


def _world_asked(options: DemoOptions, plan: Plan) -> WorldConfig:
    assert plan.change is not None
    return WorldConfig(
        people=options.people,
        weeks=options.weeks,
        seed=options.seed,
        effect=options.effect,
        harm=options.harm,
        n_clinics=options.n_clinics,
        problems=options.problems,
        closed=closed_days(plan.change.design.schedule),
        second_effect=options.second_effect if options.design == "factorial" else None,
        campaign=options.campaign,
        by_visit=plan.change.design.unit == "encounter",
    )


def load_practice(desk: Desk, world: World) -> None:
    """Let everything that has happened so far become data."""
    folder = desk.project.private / "omop"
    shutil.rmtree(folder, ignore_errors=True)
    world.write_omop(folder)
    load(folder, desk.project.datamart, threads=desk.threads, now=desk.now)
    shutil.rmtree(folder)


def _as_asked(plan: Plan, options: DemoOptions) -> Plan:
    change = plan.change
    assert change is not None
    if options.design == "encounter":
        if options.allocation != "permuted_blocks":
            raise _in_parallel_alone(options)
        change = by_encounter(change)
    said = change.protocol
    asked: dict[str, object] = {
        # Counted where care is lived on.
        "costs": said.costs if options.watch else None,
        "weeks": options.weeks,
        "looks": options.looks,
        "guardrails": options.guardrails,
    }
    if options.summary in _LEAST:
        asked["endpoints"] = _summarised(said.endpoints, options.summary)
        asked["least_worthwhile"] = _LEAST[options.summary]
    schedule = schedule_of(
        options.design, said.go_live, options.weeks, said.follow_up_days
    )
    if schedule is not None:
        asked["title"] = (
            f"A card to intensify treatment, randomised by clinic in a {schedule.title}"
        )
        # What only such designs can break; the others as they are shipped.
        also = ("adherence", "periods", "switching")
        asked["required_diagnostics"] = (*said.required_diagnostics, *also)
    if options.design == "factorial":
        asked["title"] = "Two cards at one visit, crossed and randomised by clinic"
        asked["treatment"] = "The card is shown, over both arms of the other card"
        change = change.model_copy(update={"second_knowledge_object": SECOND})
    if not options.sealing:
        asked["required_diagnostics"] = ()
    if options.allocation != "permuted_blocks":
        if options.design != "parallel":
            raise _in_parallel_alone(options)
        change = allocated_by(change, options.allocation)
    if options.design == "adaptive":
        change = allocated_by(change, "response_adaptive")
        asked["title"] = "A card to intensify treatment, more for the better arm"
        asked["looks"] = options.looks or adaptive_looks(
            said.go_live, options.weeks, said.follow_up_days, options.people
        )
    factors = _FACTORS if options.design == "factorial" else None
    if factors is not None and not options.sealing:
        factors = factors.model_copy(update=_NEVER_SEALED)
    for_safety = options.looks is not None and options.looks.looks == "safety"
    if factors is not None and options.looks is not None and not for_safety:
        raise _looks_of_one(options)
    given = {"schedule": schedule, "factors": factors}
    design = change.design.model_copy(update=given)
    protocol = change.protocol.model_copy(update=asked)
    change = change.model_copy(update={"protocol": protocol, "design": design})
    plan = plan.model_copy(update={"change": change})
    return plan if protocol.looks is None else _with_board(plan)


_LEAST: dict[SummaryMeasure, float] = {"risk_ratio": 1.15, "odds_ratio": 1.2}
"""About two points more, of the 14 in a hundred in this world without the card."""


def _summarised(
    endpoints: tuple[EndpointPlan, ...], summary: SummaryMeasure
) -> tuple[EndpointPlan, ...]:
    return tuple(
        one.model_copy(update={"summary_measure": summary})
        if one.role == "primary"
        else one
        for one in endpoints
    )


def _in_parallel_alone(options: DemoOptions) -> DefinitionError:
    allocation = options.allocation.replace("_", "-")
    return DefinitionError(
        f"--allocation {allocation} is for --design parallel, not for "
        f"{options.design}.",
        code="demo-design",
        why="Sequences, the cells of two factors, and visits are dealt in blocks; an "
        "adaptive design allocates patients by chances of its own.",
        remedies=(
            f"rounds demo --design {options.design}",
            f"rounds demo --allocation {allocation}",
        ),
    )


def _looks_of_one(options: DemoOptions) -> DefinitionError:
    return DefinitionError(
        "Looks at a running trial of two cards are for safety alone.",
        code="demo-design",
        why="At a look both factors and their interaction would have to be bounded.",
        remedies=(f"rounds demo --design {options.design}, without looks",),
    )


def _with_board(plan: Plan) -> Plan:
    """Name who may read what looks see; the person is invented, as all others."""
    community = plan.problem.community
    board = Member(name="Dr Ida Mann", role="monitoring_board")
    community = community.model_copy(update={"members": (*community.members, board)})
    problem = plan.problem.model_copy(update={"community": community})
    return plan.model_copy(update={"problem": problem})
