"""A reporting guideline's items, each with what the record says to it."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias

import yaml

from rounds.nouns import DefinitionError
from rounds.nouns.spreadsheet_cells import as_cell
from rounds.reports.checklists.answers import Answer, Answers
from rounds.reports.checklists.consort_adaptive import adaptive
from rounds.reports.checklists.consort_factorial import factorial
from rounds.reports.checklists.consort_methods import before_results
from rounds.reports.checklists.consort_results import from_results
from rounds.reports.checklists.consort_schedules import over_time
from rounds.reports.checklists.layers import asked_of, layers_of
from rounds.reports.checklists.squire import improvement
from rounds.reports.checklists.trial import Trial
from rounds.reports.safety import made_safe
from rounds.reports.story import Story

__all__ = [
    "STANDARDS",
    "Checklist",
    "Line",
    "Standard",
    "checklist",
    "checklist_csv",
    "read_additions",
]

Standard: TypeAlias = Literal["consort", "squire"]

STANDARDS: Final[Mapping[Standard, tuple[str, tuple[str, ...]]]] = {
    "consort": (
        "CONSORT 2010",
        ("Schulz and others, CONSORT 2010 statement. doi:10.1136/bmj.c332",),
    ),
    "squire": (
        "SQUIRE 2.0",
        ("Ogrinc and others, SQUIRE 2.0. doi:10.1136/bmjqs-2015-004411",),
    ),
}
"""Title, and the publications that the items follow, in our own words; those of
extensions are in `layers.py`."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item with its answer."""

    item: str
    layer: str
    """`consort`, `squire`, or the extension that asks: a key of `LAYERS`."""
    section: str
    topic: str
    asks: str
    answer: Answer

    @property
    def key(self) -> str:
        """The item as an additions file names it."""
        return _key(self.item, self.layer)


@dataclass(frozen=True)
class Checklist:
    """Every item of a guideline."""

    standard: Standard
    title: str
    study: str
    lines: tuple[Line, ...]

    def count(self, status: str) -> int:
        """Count the items of one status."""
        return sum(line.answer.status == status for line in self.lines)


def checklist(
    story: Story, standard: Standard, *, additions: Mapping[str, str] | None = None
) -> Checklist:
    """Fill a guideline from the record.

    Parameters
    ----------
    story : Story
        With at least a registered rollout. Small counts are suppressed first.
    standard : {"consort", "squire"}
        CONSORT with its extensions for routine data and for the trial's own design:
        clusters, stepped wedge, cross-over, factorial, adaptive; or SQUIRE 2.0.
    additions : mapping of str to str, optional
        Item, as `4a` or `4a/routine`, to what a person says to it.

    Returns
    -------
    Checklist

    Raises
    ------
    DefinitionError
        If no rollout is registered, or an addition is to no item.
    """
    trial = Trial.of(made_safe(story))
    answers = _answers(trial, standard)
    rows = asked_of(_items(standard), layers_of(trial))
    added = dict(additions or {})
    known = [_key(row["item"], row["layer"]) for row in rows]
    unknown = [key for key in added if key not in known]
    if unknown:
        raise DefinitionError(
            f"{STANDARDS[standard][0]} has no item {', '.join(map(repr, unknown))} "
            "for this trial.",
            code="checklist-item",
            remedies=(f"Its items: {', '.join(known)}.",),
        )
    lines = tuple(
        Line(**row, answer=_with(answers[key], added.get(key)))
        for key, row in zip(known, rows, strict=True)
    )
    study = trial.protocol.title
    return Checklist(standard, STANDARDS[standard][0], study, lines)


def _answers(trial: Trial, standard: Standard) -> Answers:
    if standard == "squire":
        return improvement(trial)
    told = {**before_results(trial), **from_results(trial)}
    for of_design in (over_time, factorial, adaptive):
        told |= of_design(trial, told)
    return told


def _with(answer: Answer, added: str | None) -> Answer:
    """Join what a person says to what the record says."""
    if added is None:
        return answer
    told = f"{answer.said} {added}".strip()
    where = f"{answer.where}; by hand" if answer.where else "by hand"
    return Answer("by hand", told, where)


def _key(item: str, layer: str) -> str:
    own = layer in ("consort", "squire") or item.startswith("ROUTINE")
    return item if own else f"{item}/{layer}"


@cache
def _items(standard: Standard) -> tuple[dict[str, str], ...]:
    table = files("rounds.reports.checklists").joinpath(f"{standard}.csv")
    return tuple(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))


def read_additions(text: str) -> dict[str, str]:
    """Read a YAML file of item → what a person says to it.

    Raises
    ------
    DefinitionError
        If it is something else.
    """
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(said, str) and said.strip() for said in found.values()
    ):
        raise DefinitionError(
            "What is added to a checklist is YAML: an item and a sentence each.",
            code="checklist-additions",
            remedies=('Write it as "23": Registered as NCT01234567.',),
        )
    return {str(item): said.strip() for item, said in found.items()}


def checklist_csv(found: Checklist) -> str:
    """Give a checklist as CSV: a header, and a row for each item."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(_HEADER), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(found))
    return out.getvalue()


_HEADER: Final = (
    *("item", "layer", "section", "topic", "asks"),
    *("status", "said", "where", "missing"),
)


def _rows(found: Checklist) -> Iterator[dict[str, str]]:
    for line in found.lines:
        row = asdict(line)
        told = row | row.pop("answer")
        yield {name: str(as_cell(cell)) for name, cell in told.items()}
