"""`rounds vocabulary`: what codes mean, and which still mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rounds.cli.data import plan_of
from rounds.cli.output import Progress, show, table, utc_now

if TYPE_CHECKING:
    from rounds.datamart.vocabulary import VocabularyReport

__all__ = ["load_", "status_", "unmapped_"]


def load_(
    folder: Path,
    /,
    *,
    wait: float = 0.0,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Put a vocabulary in force, and map everything that was loaded by it.

    An Athena export replaces the one before; value sets and concept maps replace those
    of their name, and the others stay.

    Parameters
    ----------
    folder
        An unpacked download from athena.ohdsi.org, whole or a subset; FHIR ValueSet and
        ConceptMap resources as JSON, NDJSON or Bundles; or both.
    wait
        For how many seconds to wait for another load to end.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, refresh_bedside
    from rounds.datamart import load_vocabulary

    opened = Project.open(project)
    report = load_vocabulary(
        folder,
        opened.datamart,
        progress=_told(Progress()),
        now=utc_now,
        wait=wait,
        deidentify=plan_of(opened),
        views=opened.views,
    )
    with Desk.open(opened, now=utc_now, by="vocabulary") as desk:
        refresh_bedside(desk)
    show(report.as_dict(), _lines(report), as_json=json)


def status_(*, project: Path = Path(), json: bool = False) -> None:
    """Say which vocabulary is in force, and what it holds.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project
    from rounds.datamart.vocabulary import describe_in_force

    opened = Project.open(project)
    with (
        Desk.open(opened, now=utc_now, by="status") as desk,
        desk.own_datamart() as mart,
    ):
        report = describe_in_force(mart)
    show(report.as_dict(), _lines(report), as_json=json)


def unmapped_(*, most: int = 50, project: Path = Path(), json: bool = False) -> None:
    """List the codes that no standard concept stands for, the most used first.

    Codes of few persons are counted and not listed: they might say who it is.

    Parameters
    ----------
    most
        How many codes to list.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Gate, Project
    from rounds.datamart.vocabulary import unmapped

    opened = Project.open(project)
    with (
        Gate.open(opened, now=utc_now) as gate,
        Desk.open(opened, now=utc_now, by="status") as desk,
        desk.own_datamart() as mart,
    ):
        every = unmapped(mart)
    few = gate.profile.threshold
    shown = [one for one in every if not gate.profile.is_small(one.persons)]
    codes: list[dict[str, Any]] = [
        {
            "vocabulary_id": one.vocabulary_id,
            "code": one.code,
            "display": one.display,
            "n": gate.profile.rounded(one.n),
            "unit": one.is_unit,
            "in_vocabulary": one.is_known,
        }
        for one in shown[:most]
    ]
    found = {
        "codes": codes,
        "more": max(0, len(shown) - most),
        "of_few_persons": len(every) - len(shown),
    }
    rows = [(c["vocabulary_id"], c["code"], c["display"], f"{c['n']:,}") for c in codes]
    lines = table(("vocabulary", "code", "display", "rows"), rows) if rows else []
    lines.append(
        f"{len(shown):,} codes without a standard concept; "
        f"{found['of_few_persons']:,} more are of {few} persons or fewer and not listed"
    )
    show(found, lines, as_json=json)


def _told(progress: Progress) -> Callable[[str, int, float], None]:
    """Say how far it is, and how fast."""

    def told(what: str, n: int, per_second: float) -> None:
        rate = f", {per_second:,.0f} a second" if per_second else ""
        progress(f"{what}: {n:,} rows so far{rate}")

    return told


def _lines(report: "VocabularyReport") -> list[str]:
    if not report.id:
        return ["No vocabulary is loaded: codes stand for themselves."]
    lines = table(
        ("table", "rows"),
        [(name, f"{n:,}") for name, n in report.rows.items() if n],
    )
    lines += [f"Left out: {name}: {why}." for name, why in report.refused]
    lines += list(report.remarks)
    sets = f"{report.value_sets:,} value sets, {report.concept_maps:,} concept maps"
    named = f"Vocabulary {report.id}, release {report.release or 'unknown'}; {sets}"
    return [*lines, "", named]
