"""`rounds decision brief`: one page for a sponsor."""

from pathlib import Path

from rounds.cli.output import insist_on_folder, show, write_file

__all__ = ["brief_"]


def brief_(
    html: Path,
    /,
    *,
    ref: str | None = None,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Write one page: what was found, how sure, for whom, and what follows.

    Parameters
    ----------
    html
        The file to write.
    ref
        A decision or an evaluation; the last of the project if not given.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.cli.evaluation_checklist import story_of
    from rounds.conduct import Project
    from rounds.reports.brief import brief_html

    insist_on_folder(html)
    write_file(html, brief_html(story_of(Project.open(project), ref)))
    show({"html": html}, [f"Written: {html}"], as_json=json)
