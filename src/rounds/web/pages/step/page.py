"""`/problems` and its four siblings: what the ledger keeps of one step."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from rounds.ledger import Entry, Ledger
from rounds.web.answers import answer
from rounds.web.stories import (
    KINDS,
    MAIN,
    PATHS,
    QUESTIONS,
    TITLES,
    is_kept_back,
    is_masked,
    open_ledger,
    step_of,
)

__all__ = ["Listed", "Step", "listed", "step"]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One entry of the ledger, as a list shows it."""

    kind: str
    name: str
    version: str
    title: str
    at: str
    """The day of publishing."""
    by: str
    ref: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the page of a step says."""

    title: str
    question: str
    entries: tuple[Listed, ...]
    """The latest first; the step's own nouns before what they rest on."""
    masked: bool
    """Whether alerts about single sites are left out, while a trial randomises them."""


def listed(ledger: Ledger, entry: Entry) -> Listed:
    """Give an entry as lists show it."""
    noun = ledger.read(entry.ref)
    name = step_of(entry.kind)
    inner = "" if entry.kind == MAIN[name] else f"{entry.kind}/"
    return Listed(
        kind=entry.kind,
        name=entry.name,
        version=entry.version,
        title=getattr(noun, "title", "") or entry.name.replace("-", " ").capitalize(),
        at=entry.at[:10],
        by=entry.by,
        ref=str(entry.ref),
        address=f"/{PATHS[name]}/{inner}{entry.name}?version={entry.version}",
    )


def step(request: Request) -> Response:
    """List what the ledger keeps of one step."""
    path = request.url.path.strip("/").removesuffix(".json")
    name = next(one for one, address in PATHS.items() if address == path)
    with open_ledger(request.app.state.project) as ledger:
        entries: list[Listed] = []
        masked = False
        if ledger is not None:
            masked = is_masked(ledger)
            mine = [one for one in ledger.entries() if one.kind in KINDS[name]]
            mine.sort(key=lambda one: (KINDS[name].index(one.kind), -one.sequence))
            entries = [
                listed(ledger, one)
                for one in mine
                if not is_kept_back(ledger.read(one.ref), masked=masked)
            ]
    context = Step(
        title=TITLES[name],
        question=QUESTIONS[name],
        entries=tuple(entries),
        masked=masked and "alert" in KINDS[name],
    )
    return answer(request, "step", context)
