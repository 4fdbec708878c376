"""Why do we believe it, and what rests on it: the threads between nouns.

Backwards, `why` follows every Ref that a noun holds, down to sources, snapshots and
people. Forwards, `impact` follows the same threads the other way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rounds.ledger.entry import Entry
from rounds.ledger.threads import Thread, people_of, threads_of
from rounds.nouns import (
    Decision,
    DefinitionError,
    KnowledgeObject,
    Published,
    Ref,
    Rollout,
    Source,
)

__all__ = ["Impact", "Trail", "trace_back", "trace_forward"]

Reader = Callable[[Entry], Published]


@dataclass(frozen=True, kw_only=True)
class Trail:
    """One noun, source, snapshot or identifier, and what it leads to."""

    label: str
    """A short Ref, `PMID:…`, `snapshot …`."""
    relation: str = ""
    """The field through which it was reached."""
    title: str = ""
    people: tuple[str, ...] = ()
    """Who is named in it, and as what."""
    at: str = ""
    by: str = ""
    ref: Ref | None = None
    note: str = ""
    """`see above` where it was told already, or why it cannot be followed."""
    trails: tuple["Trail", ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Draw the tree, one line for each thing reached."""
        return tuple(self.drawn("", ""))

    def as_dict(self) -> dict[str, object]:
        """Give the tree for JSON."""
        return {
            "label": self.label,
            "relation": self.relation,
            "title": self.title,
            "people": list(self.people),
            "at": self.at,
            "by": self.by,
            "ref": None if self.ref is None else str(self.ref),
            "note": self.note,
            "trails": [trail.as_dict() for trail in self.trails],
        }

    def walk(self) -> Iterator["Trail"]:
        """Give this trail and every one under it."""
        yield self
        for trail in self.trails:
            yield from trail.walk()

    def drawn(self, first: str, rest: str) -> Iterator[str]:
        """Give the lines with what goes before the first and before the rest."""
        yield first + self._line()
        for index, trail in enumerate(self.trails):
            last = index == len(self.trails) - 1
            branch, space = ("└─ ", "   ") if last else ("├─ ", "│  ")
            yield from trail.drawn(rest + branch, rest + space)

    def _line(self) -> str:
        parts = [f"{self.relation}: " if self.relation else "", self.label]
        parts.append(f"  {self.title}" if self.title else "")
        parts.append(f"  [{'; '.join(self.people)}]" if self.people else "")
        parts.append(f"  {self.at[:10]}" if self.at else "")
        parts.append(f"  ({self.note})" if self.note else "")
        return "".join(parts)


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What rests on something: the tree, and from it the decisions and live cards."""

    trail: Trail
    decisions: tuple[Ref, ...] = ()
    """Every decision reached, oldest first."""
    live: tuple[Ref, ...] = ()
    """Knowledge adopted, or on trial without a decision yet, as the ledger knows it."""

    def lines(self) -> tuple[str, ...]:
        """Draw the tree, then list decisions and live cards."""
        summary = [""]
        for title, refs in (("decisions", self.decisions), ("live cards", self.live)):
            listed = ", ".join(ref.short for ref in refs) or "none"
            summary.append(f"{title}: {listed}")
        return (*self.trail.lines(), *summary)

    def as_dict(self) -> dict[str, object]:
        """Give the same for JSON."""
        return {
            "trail": self.trail.as_dict(),
            "decisions": [str(ref) for ref in self.decisions],
            "live": [str(ref) for ref in self.live],
        }


def trace_back(start: Entry, entries: tuple[Entry, ...], noun: Reader) -> Trail:
    """Give the tree of all that a noun was made from."""
    by_ref = {str(entry.ref): entry for entry in entries}
    told: set[str] = set()

    def back(thread: Thread) -> Trail:
        entry = by_ref.get(thread.target)
        if entry is None:
            note = "not in this ledger" if thread.is_ref else ""
            return Trail(label=thread.label, relation=thread.relation, note=note)
        if thread.target in told:
            return _trail(entry, thread.relation, noun(entry), note="see above")
        told.add(thread.target)
        read = noun(entry)
        under = tuple(back(next_thread) for next_thread in threads_of(read))
        return _trail(entry, thread.relation, read, trails=under)

    return back(Thread(relation="", target=str(start.ref), is_ref=True))


def trace_forward(
    target: Ref | str,
    entries: tuple[Entry, ...],
    noun: Reader,
    find: Callable[[Ref | str], Entry],
) -> Impact:
    """Give the tree of all that rests on a noun, a paper or a snapshot.

    Raises
    ------
    DefinitionError
        If the ledger holds nothing of that name.
    """
    read = [(entry, noun(entry)) for entry in entries]
    users: dict[str, list[tuple[Entry, str]]] = {}
    for entry, published in read:
        for thread in threads_of(published):
            users.setdefault(thread.target, []).append((entry, thread.relation))
    start = _start(str(target), users, find)
    nouns = {entry.sequence: published for entry, published in read}
    told: set[str] = set()

    def forward(entry: Entry, relation: str) -> Trail:
        key = str(entry.ref)
        published = nouns[entry.sequence]
        if key in told:
            return _trail(entry, relation, published, note="see above")
        told.add(key)
        return _trail(entry, relation, published, trails=under(key))

    def under(key: str) -> tuple[Trail, ...]:
        found = dict.fromkeys((user.sequence, user) for user, _ in users.get(key, ()))
        names = {user.sequence: relation for user, relation in users.get(key, ())}
        return tuple(forward(user, names[number]) for number, user in found)

    root = next((entry for entry in entries if str(entry.ref) == start), None)
    if root is None:
        trail = Trail(label=_label(start), trails=under(start))
    else:
        trail = forward(root, "")
    return _impact(trail, [published for _, published in read])


def _start(
    text: str,
    users: dict[str, list[tuple[Entry, str]]],
    find: Callable[[Ref | str], Entry],
) -> str:
    """Give the key of what the caller named: an identifier, a snapshot or a Ref."""
    if text in users:
        return text
    scheme, colon, value = text.partition(":")
    if colon and scheme.lower() in {"pmid", "doi", "snapshot"}:
        for prefix in ("https://doi.org/", "http://doi.org/", "doi.org/"):
            value = value.removeprefix(prefix)
        key = f"{scheme.lower()}:{value.strip().lower()}"
        if key in users:
            return key
        raise DefinitionError(
            f"Nothing in the ledger cites {text!r}.",
            code="nothing-cites",
            remedies=("Check the identifier, as in PMID:12345678 or DOI:10.1000/xyz.",),
        )
    snapshots = [
        key
        for key in users
        if key.startswith("snapshot:") and key[9:].startswith(text.lower())
    ]
    if len(snapshots) == 1 and len(text) >= 4:
        return snapshots[0]
    return str(find(text).ref)


def _impact(trail: Trail, nouns: list[Published]) -> Impact:
    reached = {str(step.ref) for step in trail.walk() if step.ref is not None}
    all_decisions = [noun for noun in nouns if isinstance(noun, Decision)]
    decisions = [noun for noun in all_decisions if str(noun.ref()) in reached]
    rollouts = [noun for noun in nouns if isinstance(noun, Rollout)]
    last = {str(noun.knowledge_object): noun for noun in all_decisions}
    on_trial = {str(noun.knowledge_object) for noun in rollouts} - set(last)
    live = []
    for noun in nouns:
        if not isinstance(noun, KnowledgeObject):
            continue
        ref = str(noun.ref())
        decided = last.get(ref)
        serving = ref in on_trial or (
            decided is not None and decided.decided in {"adopt", "extend"}
        )
        rests = ref in reached or (
            decided is not None and str(decided.ref()) in reached
        )
        if serving and rests:
            live.append(noun.ref())
    return Impact(
        trail=trail,
        decisions=tuple(noun.ref() for noun in decisions),
        live=tuple(live),
    )


def _trail(
    entry: Entry,
    relation: str,
    noun: Published,
    *,
    trails: tuple[Trail, ...] = (),
    note: str = "",
) -> Trail:
    title = getattr(noun, "title", "")
    if isinstance(noun, Decision):
        title = f"{title} ({noun.decided})"
    if isinstance(noun, Source) and noun.retracted:
        note = "retracted" if not note else f"retracted; {note}"
    return Trail(
        label=entry.ref.short,
        relation=relation,
        title=title,
        people=people_of(noun),
        at=entry.at,
        by=entry.by,
        ref=entry.ref,
        note=note,
        trails=trails,
    )


def _label(key: str) -> str:
    scheme, colon, value = key.partition(":")
    names = {"pmid": "PMID:", "doi": "DOI:", "snapshot": "snapshot "}
    return names[scheme] + value if colon and scheme in names else key
