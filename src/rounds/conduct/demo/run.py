"""Carry one whole turn through a simulated health system."""

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import cast

from rounds import __version__
from rounds.conduct.desk import Desk
from rounds.conduct.plan import Plan
from rounds.conduct.project import Project
from rounds.conduct.steps import (
    carried_source,
    run_change,
    run_decision,
    run_evaluation,
    run_evidence,
    run_problem,
)
from rounds.datamart import load
from rounds.loop.change import InProcess
from rounds.loop.evaluation import watch
from rounds.nouns import (
    Community,
    ControlChart,
    Decision,
    Evaluation,
    Evidence,
    KnowledgeObject,
    Measure,
    NotEstimable,
    Period,
    Problem,
    Protocol,
    Provenance,
    Rollout,
    Source,
    Turn,
)
from rounds.world import PointOfCare, World, WorldConfig

__all__ = ["DemoOptions", "DemoTurn", "run_demo"]

CONTENT = ("turn.yaml", "sources.yaml", "knowledge_object.yaml")
Door = Callable[[Project, KnowledgeObject], AbstractContextManager[PointOfCare]]


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What a demo may be asked to vary."""

    people: int = 10_000
    weeks: int = 26
    seed: int = 1
    effect: float = 0.06
    harm: float = 0.0
    n_clinics: int = 40
    watch: bool = True
    """Whether care goes on after the decision, with a chart of whether it holds."""
    publish_files: bool = True
    """Whether the ledger is also exported as files."""
    threads: int | None = None
    """For the datamart's engine; as many as there are cores if not given."""
    sealing: bool = True
    """Whether diagnostics are required; without, the grader sees under the seal."""

    def unsealed(self) -> "DemoOptions":
        """Give the same turn with no diagnostic required."""
        return replace(self, sealing=False)


@dataclass(frozen=True, kw_only=True)
class DemoTurn:
    """What one turn gave."""

    project: Project
    truth: Path
    """The world's sealed truth; only the grader opens it."""
    event_log_hash: str
    weeks: int
    """From the first card to the decision."""
    measure: Measure
    community: Community
    problem: Problem
    sources: tuple[Source, ...]
    evidence: Evidence
    knowledge_object: KnowledgeObject
    protocol: Protocol
    rollout: Rollout
    evaluation: Evaluation
    decision: Decision
    in_force: str | None
    watch: ControlChart | NotEstimable | None
    turn: Turn
    next_source: Source | None
    """What this turn found, as a Source of the next; None while it is sealed."""


class _Clock:
    """The world's calendar, which the ledger's entries of a demo are stamped with."""

    def __init__(self, day: dt.date) -> None:
        self.day = day

    def __call__(self) -> dt.datetime:
        """Give noon of the day, UTC."""
        return dt.datetime.combine(self.day, dt.time(12), tzinfo=dt.UTC)


def run_demo(
    root: Path,
    options: DemoOptions,
    *,
    door: Door | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> DemoTurn:
    """Turn the loop once.

    Parameters
    ----------
    root : Path
        The project's folder, made anew.
    door : callable, optional
        Opens the point of care, e.g. a server's; in this process if not given.
    progress : callable
        Is told each stage in words.
    """
    project = Project(Path(root).resolve())
    project.remove_demo()
    project = Project.init(root, source=None, demo=True)
    for name in CONTENT:
        text = (files("rounds.conduct.demo") / name).read_text()
        (project.root / name).write_text(text)
    plan = _as_asked(Plan.load(project.plan_path), options)
    project.plan_path.write_text(plan.to_yaml())

    world = World(
        WorldConfig(
            people=options.people,
            weeks=options.weeks,
            seed=options.seed,
            effect=options.effect,
            harm=options.harm,
            n_clinics=options.n_clinics,
        )
    )
    clock = _Clock(world.go_live - dt.timedelta(days=28))
    with Desk.open(
        project, now=clock, by=plan.problem.owner, threads=options.threads
    ) as desk:
        stage = _Stage(desk, plan, world, clock, options, progress)
        return stage.turn(door)


def _as_asked(plan: Plan, options: DemoOptions) -> Plan:
    change = plan.change
    assert change is not None
    asked: dict[str, object] = {"weeks": options.weeks}
    if not options.sealing:
        asked["required_diagnostics"] = ()
    protocol = change.protocol.model_copy(update=asked)
    change = change.model_copy(update={"protocol": protocol})
    return plan.model_copy(update={"change": change})


@dataclass(frozen=True)
class _Stage:
    """The demo's scenery: one desk, one plan, one world."""

    desk: Desk
    plan: Plan
    world: World
    clock: _Clock
    options: DemoOptions
    progress: Callable[[str], None]

    def turn(self, door: Door | None) -> DemoTurn:
        """Carry the turn from the first look to the last."""
        plan, world, desk = self.plan, self.world, self.desk
        assert plan.evidence is not None
        assert plan.change is not None
        assert plan.decision is not None
        eve = world.go_live - dt.timedelta(days=1)
        self.progress("a health system lives through eighteen months")
        world.live(world.go_live, None)
        self.load_practice()

        self.progress("problem: where does practice vary more than chance?")
        self.clock.day = eve
        year = Period(start=eve - dt.timedelta(days=364), end=eve)
        found = run_problem(desk, plan.problem, year)
        self.progress("evidence: what is known already?")
        known = run_evidence(desk, plan.evidence)
        self.progress("change: the card goes live in a random half")
        rollout, protocol = run_change(desk, plan.change, seed=self.seed())
        knowledge = desk.read(rollout.knowledge_object, KnowledgeObject)

        opened = (door or self.in_process)(desk.project, knowledge)
        with opened as point_of_care:
            world.live(world.trial_end, point_of_care)
            self.load_practice()
            truth = desk.project.private / "truth.json"
            world.seal(truth)
            self.clock.day = world.trial_end + dt.timedelta(days=1)
            self.progress("evaluation: did care change, was anyone harmed?")
            judged = run_evaluation(desk)
            self.progress("decision: a named person signs")
            signed, in_force = run_decision(desk, plan.decision)
            chart = self.keep_watching(point_of_care, found)
        turn = self.publish_turn(found, known, rollout, judged, signed)
        if self.options.publish_files:
            desk.ledger.export(desk.project.ledger)
        return DemoTurn(
            project=desk.project,
            truth=truth,
            event_log_hash=world.event_log_hash(),
            weeks=(world.trial_end - world.go_live).days // 7,
            measure=desk.measure(plan.problem.measure),
            community=plan.problem.community,
            problem=found,
            sources=self.sources(known),
            evidence=known,
            knowledge_object=knowledge,
            protocol=protocol,
            rollout=rollout,
            evaluation=judged,
            decision=signed,
            in_force=in_force,
            watch=chart,
            turn=turn,
            next_source=carried_source(desk),
        )

    def seed(self) -> bytes:
        """Derive the demo's allocation seed from its own, so that it replays."""
        text = f"rounds demo allocation {self.options.seed}"
        return hashlib.sha256(text.encode()).digest()

    def in_process(
        self, project: Project, knowledge: KnowledgeObject
    ) -> AbstractContextManager[PointOfCare]:
        """Open the point of care in this process."""
        del project
        here = InProcess(self.desk.practice, knowledge.service.id, now=self.clock)
        # Known by its shape: loop.change has its own words for the world's arrays.
        return nullcontext(cast("PointOfCare", here))

    def load_practice(self) -> None:
        """Let everything that has happened so far become data."""
        folder = self.desk.project.private / "omop"
        shutil.rmtree(folder, ignore_errors=True)
        self.world.write_omop(folder)
        load(folder, self.desk.project.datamart, threads=self.options.threads)
        shutil.rmtree(folder)

    def keep_watching(
        self, point_of_care: PointOfCare, found: Problem
    ) -> ControlChart | NotEstimable | None:
        """Let care go on with what was decided, and chart whether the gain holds."""
        if not self.options.watch:
            return None
        world = self.world
        self.progress("watch: does the gain hold?")
        decided_on = self.clock.day
        world.live(world.watch_end, point_of_care)
        self.load_practice()
        self.clock.day = world.watch_end + dt.timedelta(days=1)
        measure = self.desk.measure("treatment-intensified")
        with self.desk.datamart() as mart:
            return watch(
                mart,
                measure,
                Period(start=found.period.start, end=world.watch_end),
                since=decided_on,
            )

    def sources(self, known: Evidence) -> tuple[Source, ...]:
        """Give the sources that the evidence rests on."""
        return tuple(self.desk.read(ref, Source) for ref in known.sources)

    def publish_turn(
        self,
        found: Problem,
        known: Evidence,
        rollout: Rollout,
        judged: Evaluation,
        signed: Decision,
    ) -> Turn:
        """Publish the trip round, with the day each step was reached."""
        steps = (found, known, rollout, judged, signed)
        reached = tuple(
            (noun.kind, self.desk.ledger.receipt(noun.ref()).at.date())
            for noun in steps
        )
        before = self.desk.find(Turn)
        turn = Turn(
            name=self.plan.problem.name,
            number=before.number + 1 if before else 1,
            problem=found.ref(),
            evidence=known.ref(),
            rollout=rollout.ref(),
            evaluation=judged.ref(),
            decision=signed.ref(),
            reached=reached,
            after=before.ref() if before else None,
            provenance=Provenance(
                made_from=tuple(noun.ref() for noun in steps),
                code_version=__version__,
            ),
        )
        return self.desk.publish(turn)
