"""`rounds decision list`: what was decided here before, and what came of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import effect, show

if TYPE_CHECKING:
    from rounds.conduct import Tried

__all__ = ["list_", "tried_lines", "tried_objects"]


def list_(
    *words: str,
    decided: Literal["adopt", "adapt", "abandon", "extend"] | None = None,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """List decisions, the last first, with what was found and why.

    Parameters
    ----------
    words
        Only those in which all of these words stand, or begin.
    decided
        Only those decided so: `abandon` gives what did not work.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Project, search, tried_before
    from rounds.ledger import Ledger

    opened = Project.open(project)
    with Ledger.open(opened.registry) as ledger:
        there = tried_before(ledger)
    found = [
        one for one in search(there, words) if decided is None or one.decided == decided
    ]
    what = f"{len(found)} of {len(there)} decisions"
    lines = tried_lines(found) if found else ["Nothing like it was decided here."]
    show({"decisions": tried_objects(found)}, [what, *lines], as_json=json)


def tried_lines(found: "Iterable[Tried]") -> list[str]:
    """Say what was tried, a few lines for each."""
    lines: list[str] = []
    for one in found:
        lines += ["", f"{one.on:%Y-%m-%d}  {one.decided:<8} {one.title}"]
        lines.append(f"  what was done   {one.treatment or 'not known here'}")
        lines.append(f"  effect          {effect(one.effect)}")
        lines += [f"  * {reason}" for reason in one.reasons]
        if one.because:
            lines.append(f"  shown for       {'; '.join(one.because)}")
        lines.append(f"  {one.decision.short}")
    return lines


def tried_objects(found: "Iterable[Tried]") -> list[dict[str, Any]]:
    """Give the same for JSON."""
    return [
        vars(one) | {"decision": str(one.decision), "protocol": str(one.protocol)}
        for one in found
    ]
