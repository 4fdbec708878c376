"""`/problems/{name}` and its siblings: one published noun."""

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from rounds.conduct import without_sites
from rounds.ledger import Entry, Ledger
from rounds.nouns import (
    Alert,
    DefinitionError,
    Equity,
    Maintenance,
    Measure,
    OpportunityList,
    Published,
    Ref,
    VariancePartition,
)
from rounds.reports import (
    render_alert,
    render_equity,
    render_maintenance,
    render_opportunities,
    render_partition,
    render_step,
)
from rounds.reports.figures import turn_ring
from rounds.reports.templating import drawn
from rounds.web.answers import answer
from rounds.web.stories import (
    KINDS,
    MAIN,
    PATHS,
    TITLES,
    is_kept_back,
    is_masked,
    open_ledger,
    story_at,
)
from rounds.web.tables import as_csv, table_names

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
    data: tuple[tuple[str, str], ...]
    """What else the noun is given as, and where: JSON, and each of its tables."""
    noun: dict[str, Any]
    """The noun itself, as it was published."""


def entry(request: Request) -> Response:
    """Show one noun; without `?version=`, the latest of its name.

    With `.json` at its end the address gives the same as JSON, with `.csv` its table.

    Raises
    ------
    DefinitionError
        If the ledger holds no such noun.
    """
    step, kind, name, is_table = _asked(request)
    with open_ledger(request.app.state.project) as ledger:
        masked = ledger is not None and is_masked(ledger)
        found = None
        if ledger is not None:
            found = _find(ledger, kind, name, request, masked=masked)
        if ledger is None or found is None:
            raise DefinitionError(
                f"The ledger holds no {kind.replace('-', ' ')} of that name.",
                code="no-such-ref",
                remedies=(f"Choose one from the list: /{PATHS[step]}",),
            )
        kept = ledger.read(found.ref)
        noun = without_sites(kept) if masked else kept
        if is_table:
            return as_csv(request, noun, name)
        listed = _section(ledger, noun, masked=masked)
        story = story_at(ledger, kept) if kind == MAIN[step] else None
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
        data=_data(request, noun, name, step=step),
        noun=json.loads(noun.to_json()),
    )
    section, ring = listed, None
    if story is not None:
        section = drawn(render_step(story, step, mask_sites=masked))
        ring = drawn(turn_ring(replace(story, grade=None)))
    yaml = "" if section is not None else noun.to_yaml()
    return answer(request, "entry", context, section=section, ring=ring, yaml=yaml)


def _section(ledger: Ledger, noun: Published, *, masked: bool) -> Markup | None:
    """Draw a noun that is no step's own; None where it has no page but its YAML."""
    if isinstance(noun, OpportunityList):
        return _listed(ledger, noun, masked=masked)
    if isinstance(noun, VariancePartition):
        return _partition(ledger, noun, masked=masked)
    if isinstance(noun, Equity):
        return drawn(render_equity(noun))
    if isinstance(noun, Alert):
        return drawn(render_alert(noun))
    if isinstance(noun, Maintenance):
        return _maintenance(ledger, noun)
    return None


def _data(
    request: Request, noun: Published, name: str, *, step: str
) -> tuple[tuple[str, str], ...]:
    """Give the addresses of a noun's twins, of the same version."""
    kind = request.path_params.get("kind")
    where = "/".join(one for one in (f"/{PATHS[step]}", kind, name) if one)
    version = request.query_params.get("version")
    asked = {} if version is None else {"version": version}
    twin = f"?{urlencode(asked)}" if asked else ""
    tables = [
        (
            f"{one.capitalize()} (CSV)",
            f"{where}.csv?{urlencode({**asked, 'table': one})}",
        )
        for one in table_names(noun)
    ]
    return (("JSON", f"{where}.json{twin}"), *tables)


def _asked(request: Request) -> tuple[str, str, str, bool]:
    first = request.url.path.strip("/").partition("/")[0]
    step = next(one for one, address in PATHS.items() if address == first)
    kind = request.path_params.get("kind", MAIN[step])
    if kind not in KINDS[step]:
        raise DefinitionError(
            "That kind of noun does not belong to this step.",
            code="no-such-ref",
            remedies=(f"Choose one from the list: /{PATHS[step]}",),
        )
    name: str = request.path_params["name"].removesuffix(".json")
    return step, kind, name.removesuffix(".csv"), name.endswith(".csv")


def _find(
    ledger: Ledger, kind: str, name: str, request: Request, *, masked: bool
) -> Entry | None:
    version = request.query_params.get("version")
    same = [
        one
        for one in ledger.entries()
        if (one.kind, one.name) == (kind, name)
        and version in (None, one.version)
        and not is_kept_back(ledger.read(one.ref), masked=masked)
    ]
    return same[-1] if same else None


def _maintenance(ledger: Ledger, noun: Maintenance) -> Markup:
    """Draw what is left of a change, with the last alert about it."""
    about = [
        found
        for one in ledger.entries()
        if one.kind == Alert.kind
        and isinstance(found := ledger.read(one.ref), Alert)
        and found.change == noun.decision
    ]
    if not about:
        return drawn(render_maintenance(noun))
    address = f"/{PATHS['problem']}/{Alert.kind}/{about[-1].name}"
    return drawn(render_maintenance(noun, about[-1], address=address))


def _listed(ledger: Ledger, noun: OpportunityList, *, masked: bool) -> Markup:
    """Draw a list of opportunities."""
    named = [line.measure for line in noun.lines] + [one.measure for one in noun.untold]
    held = {str(one.ref) for one in ledger.entries()}
    titles = {str(ref): _title(ledger, ref, held) for ref in named}
    return drawn(render_opportunities(noun, titles, mask_sites=masked))


def _partition(ledger: Ledger, noun: VariancePartition, *, masked: bool) -> Markup:
    """Draw a variance partition, with what its measures say of better and worse."""
    held = {str(one.ref) for one in ledger.entries()}
    found = [
        ledger.read(ref) if ref is not None and str(ref) in held else None
        for ref in (noun.measure, noun.balancing)
    ]
    measure, beside = (one if isinstance(one, Measure) else None for one in found)
    measures = None if measure is None else (measure, beside)
    return drawn(render_partition(noun, measures, mask_sites=masked))


def _title(ledger: Ledger, ref: Ref, held: set[str]) -> str:
    """Give a measure's title; its name in words where it was never published."""
    noun = ledger.read(ref) if str(ref) in held else None
    if isinstance(noun, Measure):
        return noun.title
    return ref.name.partition("/")[2].replace("-", " ").capitalize()
