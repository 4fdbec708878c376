"""`rounds evaluation checklist`: a reporting guideline, filled from the record."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rounds.cli.output import insist_on_folder, show, write_file

if TYPE_CHECKING:
    from rounds.conduct import Project
    from rounds.reports.checklists import Checklist
    from rounds.reports.story import Story

__all__ = ["checklist_", "story_of"]


def checklist_(
    standard: Literal["consort", "squire"] = "consort",
    *,
    ref: str | None = None,
    additions: Path | None = None,
    html: Path | None = None,
    csv: Path | None = None,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Fill CONSORT or SQUIRE from what was published, and say what is missing.

    CONSORT comes with its extensions for routine data and for the trial's own design:
    clusters, stepped wedge, cross-over, factorial, adaptive.

    Parameters
    ----------
    standard
        Which guideline.
    ref
        A decision, evaluation or rollout; the last of the project if not given.
    additions
        A YAML file of what only people know: item, and a sentence.
    html
        Write the page to this file.
    csv
        Write the table to this file.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from dataclasses import asdict

    from rounds.conduct import Project
    from rounds.reports.checklists import (
        checklist,
        checklist_csv,
        checklist_html,
        read_additions,
    )

    for file in (html, csv):
        if file is not None:
            insist_on_folder(file)
    said = {} if additions is None else read_additions(_text(additions))
    story = story_of(Project.open(project), ref)
    found = checklist(story, standard, additions=said)
    if html is not None:
        write_file(html, checklist_html(found))
    if csv is not None:
        write_file(csv, checklist_csv(found))
    written = [f"Written: {file}" for file in (html, csv) if file is not None]
    show(
        asdict(found) | {"html": html, "csv": csv},
        [*_lines(found), *([""] if written else []), *written],
        as_json=json,
    )


def story_of(project: "Project", ref: str | None) -> "Story":
    """Gather the turn of a published noun, or the project's last one."""
    from rounds.ledger import Ledger
    from rounds.nouns import DefinitionError
    from rounds.web.stories import story_at

    kinds = ("decision", "evaluation", "rollout")
    with Ledger.open(project.registry) as ledger:
        chosen = ledger.resolve(ref) if ref is not None else None
        if chosen is None:
            there = (ledger.latest(kind) for kind in kinds)
            chosen = next((one for one in there if one is not None), None)
        story = None
        if chosen is not None and chosen.kind in kinds:
            story = story_at(ledger, ledger.read(chosen))
    if story is None:
        raise DefinitionError(
            "There is no rollout, evaluation or decision to report."
            if ref is None
            else f"{ref} is no rollout, evaluation or decision.",
            code="nothing-to-report",
            remedies=("Register the change first: rounds change run",),
        )
    return story


def _text(path: Path) -> str:
    from rounds.nouns import DefinitionError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise DefinitionError(
            f"{path} cannot be read as text.",
            code="checklist-additions",
            remedies=("Name a YAML file in UTF-8, with an item and a sentence each.",),
        ) from None


def _lines(found: "Checklist") -> list[str]:
    from rounds.reports.checklists.page import counts

    lines = [f"{found.title}: {found.study}", f"  {counts(found)}", ""]
    for line in found.lines:
        told = line.answer.said or line.answer.missing
        lines.append(f"  {line.key:<13}{line.answer.status:<15}{_short(told)}")
    return lines


def _short(text: str) -> str:
    return text if len(text) <= 96 else f"{text[:95].rstrip()}…"
