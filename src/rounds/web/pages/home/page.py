"""`/`: the ring, and what stands where."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from rounds.ledger import Ledger
from rounds.reports import Story
from rounds.reports.charts import Ring, RingStep, ring
from rounds.reports.figures import turn_ring
from rounds.reports.templating import drawn
from rounds.web.answers import answer
from rounds.web.pages.step.page import Listed, listed
from rounds.web.stories import (
    MAIN,
    PATHS,
    QUESTIONS,
    TITLES,
    open_ledger,
    story_at,
)

__all__ = ["Home", "HomeStep", "home"]


@dataclass(frozen=True, kw_only=True)
class HomeStep:
    """One step of the ring."""

    step: str
    title: str
    question: str
    address: str
    n: int
    """Its own nouns in the ledger."""
    latest: Listed | None
    command: str
    """How to begin, where there is none."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """What the first page says."""

    title: str
    status: str
    n_entries: int
    head: str
    """Hash of the last entry; empty while there is none."""
    steps: tuple[HomeStep, ...]


def home(request: Request) -> Response:
    """Show the ring with what stands where."""
    project = request.app.state.project
    with open_ledger(project) as ledger:
        entries = () if ledger is None else ledger.entries()
        mains = [entry for entry in entries if entry.kind in MAIN.values()]
        story = None
        if ledger is not None and mains:
            story = story_at(ledger, ledger.read(mains[-1].ref))
        context = Home(
            title="Where the loop stands",
            status=_status(story),
            n_entries=len(entries),
            head=entries[-1].entry_hash if entries else "",
            steps=tuple(_step(ledger, name) for name in MAIN),
        )
    made = _first_ring() if story is None else turn_ring(story)
    return answer(request, "home", context, ring=drawn(made))


def _status(story: Story | None) -> str:
    if story is None:
        return "Nothing published yet"
    if story.decision is not None:
        return f"Decided: {story.decision.decided}"
    if story.evaluation is not None:
        return "Evaluated"
    if story.rollout is not None:
        return "Under test"
    return "Evidence gathered" if story.evidence is not None else "Problem stated"


def _step(ledger: Ledger | None, name: str) -> HomeStep:
    mine = []
    if ledger is not None:
        mine = [entry for entry in ledger.entries() if entry.kind == MAIN[name]]
    latest = listed(ledger, mine[-1]) if ledger is not None and mine else None
    return HomeStep(
        step=name,
        title=TITLES[name],
        question=QUESTIONS[name],
        address=f"/{PATHS[name]}",
        n=len(mine),
        latest=latest,
        command=f"Begin with: rounds {name} run",
    )


def _first_ring() -> str:
    names = [name.capitalize() for name in MAIN]
    states = ["current", *["ahead"] * (len(names) - 1)]
    steps = tuple(
        RingStep(label=name, state=state)  # type: ignore[arg-type]
        for name, state in zip(names, states, strict=True)
    )
    return ring(
        Ring(title="Where the loop stands", steps=steps, centre="Turn 1", below="to do")
    )
