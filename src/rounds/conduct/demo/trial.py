"""The second half of a demo's turn: its evaluation, a decision, a last look."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass
from functools import partial
from typing import cast

from rounds import __version__
from rounds.conduct.anew import redrawn
from rounds.conduct.demo.beginning import Beginning, Clock, load_practice
from rounds.conduct.demo.options import DemoTurn
from rounds.conduct.desk import Desk
from rounds.conduct.gate import publishable
from rounds.conduct.lasting import run_maintenance
from rounds.conduct.monitoring import run_monitor
from rounds.conduct.project import Project
from rounds.conduct.steps import (
    carried_source,
    run_decision,
    run_evaluation,
)
from rounds.loop.change import InProcess
from rounds.loop.evaluation import watch
from rounds.loop.evaluation.after_adoption.watch import chart_months
from rounds.loop.evaluation.looks import first_look, look_dates
from rounds.nouns import (
    ControlChart,
    Decision,
    Evaluation,
    KnowledgeObject,
    Maintenance,
    NotEstimable,
    Period,
    Provenance,
    Source,
    Turn,
)
from rounds.world import PointOfCare

__all__ = ["Door", "carry"]

Door = Callable[[Project, KnowledgeObject], AbstractContextManager[PointOfCare]]
"""Opens the point of care of a project, e.g. a server's."""
_Points = tuple[PointOfCare, ...]
"""One for each card: the second one's after the first's."""


def carry(
    past: Beginning, *, door: Door | None, progress: Callable[[str], None]
) -> DemoTurn:
    """Carry a turn from the first card to the last look."""
    clock = Clock(past.eve)
    by, threads = past.plan.problem.owner, past.options.threads
    with Desk.open(past.project, now=clock, by=by, threads=threads) as desk:
        return _Trial(past, desk, clock, progress).turn(door)


@dataclass(frozen=True)
class _Trial:
    """The demo's scenery: a past, a desk, a clock."""

    past: Beginning
    desk: Desk
    clock: Clock
    progress: Callable[[str], None]

    def turn(self, door: Door | None) -> DemoTurn:
        """Let care go on, evaluate, decide, and keep watching."""
        past, desk, world = self.past, self.desk, self.past.world
        plan, rollout = past.plan, past.rollout
        assert plan.decision is not None
        knowledge = desk.read(rollout.knowledge_object, KnowledgeObject)
        with self.open_points(door, knowledge) as points:
            self.look_while_running(points)
            world.live(world.trial_end, *points)
            load_practice(desk, world)
            truth = desk.project.private / "truth.json"
            world.seal(truth)
            self.clock.day = world.trial_end + dt.timedelta(days=1)
            self.progress("evaluation: did care change, was anyone harmed?")
            judged = run_evaluation(desk)
            self.progress("decision: a named person signs")
            signed, in_force = run_decision(desk, plan.decision)
            chart = self.keep_watching(points)
            lasting = self.see_what_lasts(signed, points)
        turn = self.publish_turn(judged, signed)
        if past.options.publish_files:
            desk.ledger.export(desk.project.ledger)
        return DemoTurn(
            project=desk.project,
            truth=truth,
            event_log_hash=world.event_log_hash() if past.options.watch else None,
            weeks=(world.trial_end - world.go_live).days // 7,
            measure=desk.measure(plan.problem.measure),
            community=plan.problem.community,
            problem=past.problem,
            sources=tuple(desk.read(ref, Source) for ref in past.evidence.sources),
            evidence=past.evidence,
            knowledge_object=knowledge,
            protocol=past.protocol,
            rollout=rollout,
            evaluation=judged,
            decision=signed,
            in_force=in_force,
            watch=chart,
            maintenance=lasting,
            turn=turn,
            next_source=carried_source(desk),
        )

    @contextmanager
    def open_points(
        self, door: Door | None, knowledge: KnowledgeObject
    ) -> Iterator[_Points]:
        """Open the point of care of each card there is."""
        opened, project = door or self.in_process, self.desk.project
        second = self.past.rollout.second_knowledge_object
        with ExitStack() as stack:
            points = [stack.enter_context(opened(project, knowledge))]
            if second is not None:
                other = self.desk.read(second, KnowledgeObject)
                points.append(stack.enter_context(opened(project, other)))
            yield tuple(points)

    def in_process(
        self, project: Project, knowledge: KnowledgeObject
    ) -> AbstractContextManager[PointOfCare]:
        """Open the point of care in this process."""
        del project
        here = InProcess(self.desk.practice, knowledge.service.id, now=self.clock)
        # Known by its shape: loop.change has its own words for the world's arrays.
        return nullcontext(cast("PointOfCare", here))

    def look_while_running(self, points: _Points) -> None:
        """Let care go on from one planned look to the next; harm may pause it."""
        world, protocol = self.past.world, self.past.protocol
        days = list(look_dates(protocol))
        if protocol.looks is not None and not days:
            first = world.go_live + dt.timedelta(days=protocol.follow_up_days + 28)
            # Data end a few days before.
            first = max(first, first_look(protocol) + dt.timedelta(days=14))
            days = [first + dt.timedelta(weeks=4 * k) for k in range(130)]
        for day in (one for one in days if one < world.trial_end):
            world.live(day, *points)
            load_practice(self.desk, world)
            self.clock.day = day
            self.progress(f"a look on {day}")
            run_monitor(self.desk)

    def keep_watching(self, points: _Points) -> ControlChart | NotEstimable | None:
        """Let care go on with what was decided, and chart whether the gain holds."""
        if not self.past.options.watch:
            return None
        world, found = self.past.world, self.past.problem
        self.progress("watch: does the gain hold?")
        decided_on = self.clock.day
        world.live(world.watch_end, *points)
        load_practice(self.desk, world)
        self.clock.day = world.watch_end + dt.timedelta(days=1)
        measure = self.desk.measure("treatment-intensified")
        with self.desk.datamart() as mart:
            chart = watch(
                mart,
                measure,
                Period(start=found.period.start, end=world.watch_end),
                since=decided_on,
            )
        if isinstance(chart, ControlChart):
            draw = partial(chart_months, since=decided_on, title=chart.title)
            return redrawn(publishable(chart), draw)
        return chart

    def see_what_lasts(self, signed: Decision, points: _Points) -> Maintenance | None:
        """Say what is left after six and twelve months, as far as care has gone."""
        if not self.past.options.watch or signed.decided != "adopt":
            return None
        if self.past.options.lasting:
            world = self.past.world
            self.progress("maintenance: a year goes by")
            until = world.trial_end + dt.timedelta(weeks=58)
            world.live(until, *points)
            load_practice(self.desk, world)
            self.clock.day = until + dt.timedelta(days=1)
        return run_maintenance(self.desk)

    def publish_turn(self, judged: Evaluation, signed: Decision) -> Turn:
        """Publish the trip round, with the day each step was reached."""
        found, known = self.past.problem, self.past.evidence
        rollout = self.past.rollout
        steps = (found, known, rollout, judged, signed)
        reached = tuple(
            (noun.kind, self.desk.ledger.receipt(noun.ref()).at.date())
            for noun in steps
        )
        before = self.desk.find(Turn)
        turn = Turn(
            name=self.past.plan.problem.name,
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
