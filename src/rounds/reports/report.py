"""One self-contained HTML file from the nouns of a turn."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from rounds import __version__
from rounds.conduct import publishable
from rounds.nouns import (
    Measure,
    NotEstimable,
    OpportunityList,
    SourceError,
    VariancePartition,
)
from rounds.reports import figures
from rounds.reports.charts import at_two_widths, caterpillar, forest, two_way
from rounds.reports.context import clinician_context
from rounds.reports.partition_words import partition_sentences
from rounds.reports.plain_language import HIGHEST_GRADE
from rounds.reports.plain_page import plain_page
from rounds.reports.safety import made_safe
from rounds.reports.story import Story
from rounds.reports.templating import drawn, style_sheet, templates
from rounds.reports.wording import SUPPRESSED, count, said, said_unit, span

__all__ = [
    "render",
    "render_html",
    "render_opportunities",
    "render_partition",
    "render_step",
    "style_sheet",
]


def render(story: Story, path: Path | str, *, mask_sites: bool = False) -> Path:
    """Write the report: a clinician's page and a page in plain language, in one file.

    Small counts are suppressed first, so that nouns that were never published may be
    handed in too. The file needs no network, prints, and has no script.

    Parameters
    ----------
    story : Story
        The nouns of a turn, as far as it has gone.
    path : Path
        The file to write; it appears as a whole or not at all.
    mask_sites : bool
        Leave out every site's name, as while a clinic-randomised trial runs.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DefinitionError
        If the page in plain language would be too hard to read.
    SourceError
        If the file cannot be written.
    """
    html = render_html(story, mask_sites=mask_sites)
    path = Path(path)
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".report-")
        draft = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(html)
        draft.chmod(0o644)
        draft.replace(path)
    except OSError as error:
        if draft is not None:
            draft.unlink(missing_ok=True)
        raise SourceError(
            f"The report cannot be written to {path}: {error.strerror}.",
            code="report-not-written",
            remedies=("Choose a folder that you may write to, with space left.",),
        ) from None
    return path


def render_html(story: Story, *, mask_sites: bool = False) -> str:
    """Give the report as text; see `render`."""
    story = made_safe(story)
    pages = templates()
    plain, grade = plain_page(story, pages)
    return pages.get_template("report.html").render(
        **clinician_context(story, masked=mask_sites),
        figures=_figures(story, masked=mask_sites),
        ring=drawn(figures.turn_ring(story)),
        css=drawn(style_sheet(embedded=True)),
        plain_page=drawn(plain),
        grade_level=grade,
        highest_grade=HIGHEST_GRADE,
        code_version=__version__,
    )


def render_step(story: Story, step: str, *, mask_sites: bool = False) -> str:
    """Give one step's part of the clinician's page, for a page of the web.

    Parameters
    ----------
    story : Story
        The nouns of a turn, as far as that step needs them.
    step : {"problem", "evidence", "change", "evaluation", "decision"}
        Which part.
    mask_sites : bool
        As in `render`.

    Returns
    -------
    str
        A `section` element.
    """
    story = made_safe(story)
    return (
        templates()
        .get_template(f"{step}.html")
        .render(
            **clinician_context(story, masked=mask_sites),
            figures=_figures(story, masked=mask_sites),
        )
    )


def render_opportunities(
    found: OpportunityList, titles: Mapping[str, str], *, mask_sites: bool = False
) -> str:
    """Give a list of opportunities, for a page of the web.

    Parameters
    ----------
    found : OpportunityList
        Small counts are suppressed first.
    titles : mapping of str to str
        Ref → title of each measure that it names.
    mask_sites : bool
        Leave out the lines of single sites.

    Returns
    -------
    str
        A `section` element.
    """
    found = publishable(found)
    sites = [] if mask_sites else figures.shown_lines(found, sites=True)
    pictures = {
        "whole": figures.opportunity_forest(found, titles, sites=False),
        "sites": figures.opportunity_forest(found, titles, sites=True)
        if sites
        else None,
    }
    return (
        templates()
        .get_template("opportunities.html")
        .render(
            found=found,
            titles=titles,
            whole=figures.shown_lines(found, sites=False),
            sites=sites,
            n_suppressed=sum(line.suppressed for line in found.lines),
            suppressed=SUPPRESSED,
            figures={
                name: drawn(svg) if svg else None for name, svg in pictures.items()
            },
            said=said,
            span=span,
            count=count,
        )
    )


def render_partition(
    found: VariancePartition,
    measures: tuple[Measure, Measure | None] | None,
    *,
    mask_sites: bool = False,
) -> str:
    """Give what explains a measure's variation, for a page of the web.

    Parameters
    ----------
    found : VariancePartition
        Small counts are suppressed first.
    measures : (Measure, Measure or None), optional
        The measure, and the one that balances it; without them no picture of sites is
        drawn, for nobody says which side is better.
    mask_sites : bool
        Leave the sites out.

    Returns
    -------
    str
        A `section` element.
    """
    found = publishable(found)
    if mask_sites:
        found = found.model_copy(update={"sites": ()})
    levels, sites, balance = figures.levels_forest(found), None, None
    if measures is not None:
        better = measures[0].improvement_notation == "increase"
        sites = figures.standing_sites(found, more_is_better=better)
        if measures[1] is not None:
            balance = figures.two_measures(found, measures[0], measures[1])
    reasons = [
        one.share.reason for one in found.levels if isinstance(one.share, NotEstimable)
    ]
    return (
        templates()
        .get_template("partition.html")
        .render(
            found=found,
            sentences=partition_sentences(found),
            models=figures.MODELS,
            reasons=tuple(dict.fromkeys(reasons)),
            sites=figures.ranked_sites(found),
            n_suppressed=sum(one.site.suppressed for one in found.sites),
            suppressed=SUPPRESSED,
            figures={
                "levels": levels and drawn(at_two_widths(forest, levels)),
                "sites": sites and drawn(at_two_widths(caterpillar, sites)),
                "balance": balance and drawn(at_two_widths(two_way, balance)),
            },
            n_hidden_balance=len(balance.hidden) if balance else 0,
            told_of=figures.told_of,
            said=said,
            said_unit=said_unit,
            span=span,
        )
    )


def _kept(story: Story) -> str | None:
    plot = None if story.maintenance is None else figures.kept_forest(story.maintenance)
    return None if plot is None else at_two_widths(forest, plot)


def _figures(story: Story, *, masked: bool) -> dict[str, Markup | None]:
    higher = figures.is_higher_better(story)
    pictures = {
        "funnel": figures.sites_funnel(story, masked=masked),
        "caterpillar": figures.sites_caterpillar(story, masked=masked),
        "expected": figures.sites_expected(story, masked=masked),
        "control": figures.month_chart(
            story.problem.chart, name="control", higher=higher
        ),
        "watch": figures.month_chart(story.watch, name="watch", higher=higher),
        "evidence": figures.evidence_forest(story.evidence),
        "equity": figures.equity_forest(story.evaluation, story.protocol),
        "acceptability": figures.acceptability_curve(story.evaluation),
        "flow": figures.arms_flow(story.evaluation, story.protocol),
        "grade": figures.beside_truth(story.grade),
        "kept": _kept(story),
    }
    return {name: drawn(svg) if svg else None for name, svg in pictures.items()}
