"""`/problems/{name}` and its siblings: one published noun."""

import json
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from rounds.ledger import Entry, Ledger
from rounds.nouns import DefinitionError, Published
from rounds.reports import render_step
from rounds.reports.figures import turn_ring
from rounds.web.answers import answer
from rounds.web.stories import (
    KINDS,
    MAIN,
    PATHS,
    TITLES,
    is_masked,
    open_ledger,
    story_at,
)

__all__ = ["EntryPage", "entry"]


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """What the page of one noun says."""

    title: str
    kind: str
    name: str
    version: str
    at: str
    by: str
    sequence: int
    ref: str
    entry_hash: str
    step_title: str
    up: str
    """Address of the step's list."""
    masked: bool
    """Whether sites are left out, as while a clinic-randomised trial runs."""
    noun: dict[str, Any]
    """The noun itself, as it was published."""


def entry(request: Request) -> Response:
    """Show one noun; without `?version=`, the latest of its name.

    Raises
    ------
    DefinitionError
        If the ledger holds no such noun.
    """
    step, kind, name = _asked(request)
    with open_ledger(request.app.state.project) as ledger:
        found = None if ledger is None else _find(ledger, kind, name, request)
        if ledger is None or found is None:
            raise DefinitionError(
                f"The ledger holds no {kind.replace('-', ' ')} of that name.",
                code="no-such-ref",
                remedies=(f"Choose one from the list: /{PATHS[step]}",),
            )
        noun = ledger.read(found.ref)
        masked = is_masked(ledger)
        story = story_at(ledger, noun) if kind == MAIN[step] else None
    context = EntryPage(
        title=getattr(noun, "title", "") or name.replace("-", " ").capitalize(),
        kind=kind,
        name=name,
        version=found.version,
        at=found.at[:10],
        by=found.by,
        sequence=found.sequence,
        ref=str(found.ref),
        entry_hash=found.entry_hash,
        step_title=TITLES[step],
        up=f"/{PATHS[step]}",
        masked=masked,
        noun=_plain(noun, masked=masked),
    )
    section = ring = None
    if story is not None:
        section = Markup(render_step(story, step, mask_sites=masked))  # noqa: S704
        ring = Markup(turn_ring(replace(story, grade=None)))  # noqa: S704
    yaml = "" if story is not None else noun.to_yaml()
    return answer(request, "entry", context, section=section, ring=ring, yaml=yaml)


def _asked(request: Request) -> tuple[str, str, str]:
    first = request.url.path.strip("/").partition("/")[0]
    step = next(one for one, address in PATHS.items() if address == first)
    kind = request.path_params.get("kind", MAIN[step])
    if kind not in KINDS[step]:
        raise DefinitionError(
            "That kind of noun does not belong to this step.",
            code="no-such-ref",
            remedies=(f"Choose one from the list: /{PATHS[step]}",),
        )
    return step, kind, request.path_params["name"].removesuffix(".json")


def _find(ledger: Ledger, kind: str, name: str, request: Request) -> Entry | None:
    version = request.query_params.get("version")
    same = [
        one
        for one in ledger.entries()
        if (one.kind, one.name) == (kind, name) and version in (None, one.version)
    ]
    return same[-1] if same else None


def _plain(noun: Published, *, masked: bool) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(noun.to_json())
    if masked and noun.kind == "problem":
        for unit in plain["units"]:
            unit["unit"] = "masked"
        for side in ("outliers_low", "outliers_high"):
            if side in plain["variation"]:
                plain["variation"][side] = ["masked" for _ in plain["variation"][side]]
    return plain
