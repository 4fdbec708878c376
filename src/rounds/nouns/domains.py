"""Which parts of the grammar fit together: one row of a subject, or many.

A part of a measure has a domain, which says how many rows it has.

- *One row of a subject*: a criterion, a number, a point. Populations, observations and
  strata are of this kind: each subject is in or out, and has one number.
- *Many rows of a subject*: events. A person may have had none or fifty.

The rules are strict, and a definition that breaks one does not exist.

1. Many become one by saying how: `exists` (is there one, are there n), a reading (the
   lowest, the last, the sum, how many), an occurrence (the first day, the nth). Events
   stand nowhere else: that "the systolic is below 140" means nothing of a person with
   fifty systolics, and an engine that guessed which one was meant would guess
   differently from the next. The types of the fields keep this rule.
2. Many stand against many only in `near`, which asks for each row whether some other
   row is beside it, and so leaves as many rows as there were. A join of the two would
   count a row once for each of its neighbours. Within `near`, days hang on the row
   (`event`), and on nothing of the subject: its index would be another day for each
   subject, and the same row near and not near.
3. `event` is a day within `near` alone; elsewhere there is no row that it could be of.
4. The index, its end, its visit and what is `without` it are of subjects that have one:
   a person has no index. Nor has a visit an index procedure.

That these are refused when a measure is made, and not when it is run, is kinder: the
one who writes it learns at once, and a result never rests on a guess.
"""

from collections.abc import Iterator
from typing import Literal

from rounds.nouns.base import Noun
from rounds.nouns.criteria import IndexProcedure, IndexVisit
from rounds.nouns.events import Events, Near, Occurrence, Point

__all__ = ["Basis", "below", "misplaced", "nodes"]

Basis = Literal["person", "visit", "procedure"]


def nodes(node: Noun, path: str = "") -> Iterator[tuple[str, Noun]]:
    """Give a node and all below it, each with its path, in the order written."""
    yield path, node
    for where, inner in below(node, path):
        yield from nodes(inner, where)


def misplaced(root: Noun, basis: Basis, path: str) -> Iterator[str]:
    """Say what of a clause breaks the rules above, each as `field: what is wrong`.

    Parameters
    ----------
    root : Noun
        A criterion or a number.
    basis : str
        What the measure's subjects are.
    path : str
        The clause's own name.
    """
    yield from _misplaced(root, basis, path, beside=False)


def _misplaced(node: Noun, basis: Basis, path: str, *, beside: bool) -> Iterator[str]:
    for text in _wrong(node, basis, beside=beside):
        yield f"{path}: {text}"
    for where, inner in below(node, path):
        yield from _misplaced(
            inner, basis, where, beside=beside or isinstance(node, Near)
        )


def _wrong(node: Noun, basis: Basis, *, beside: bool) -> Iterator[str]:
    if isinstance(node, IndexVisit) and basis == "person":
        yield "index_visit needs basis: visit"
    elif isinstance(node, IndexProcedure) and basis != "procedure":
        yield "index_procedure needs basis: procedure"
    elif isinstance(node, Events):
        yield from _events(node, basis, beside=beside)
    elif isinstance(node, Occurrence) and beside:
        yield "near hangs on the row, and not on a day of the subject; use event"
    else:
        at = getattr(node, "at", None)
        if at in {"event", "event_end"} and not (isinstance(node, Point) and beside):
            yield f"{at} is a day of near's own events; elsewhere there is no such row"
        elif at in {"index", "index_end"} and basis == "person":
            yield (
                "persons have no index; anchor to the period, or use basis: visit or "
                "procedure"
            )
        elif at in {"index", "index_end"} and beside:
            yield "near hangs on the row, and not on the index; use event"


def _events(node: Events, basis: Basis, *, beside: bool) -> Iterator[str]:
    if node.of_visit == "any" and not node.without_index:
        return
    if basis == "person":
        yield "persons have no index visit; use basis: visit or procedure"
    elif beside:
        yield "near looks for rows beside a row: say same_visit, and not of_visit"
    elif node.without_index and node.domain != basis:
        yield f"the index is a {basis}, and never among {node.domain} events"


def below(node: Noun, path: str = "") -> Iterator[tuple[str, Noun]]:
    """Give the nodes right below a node, each with its path."""
    for field in type(node).model_fields:
        value = getattr(node, field)
        where = f"{path}.{field}" if path else field
        if isinstance(value, Noun):
            yield where, value
        elif isinstance(value, tuple):
            for place, item in enumerate(value):
                if isinstance(item, Noun):
                    yield f"{where}.{place}", item
