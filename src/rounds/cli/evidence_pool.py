"""`rounds evidence pool`: the studies of a spreadsheet, pooled, with no datamart."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rounds.cli.output import show, table, write_file

if TYPE_CHECKING:
    from rounds.datamart.spreadsheet import Kind
    from rounds.loop.evidence.pooled_studies import PooledStudies
    from rounds.loop.evidence.study_sheet import PriorScales, StudySheet
    from rounds.reports.charts import Forest

__all__ = ["pool_"]

Measured = Literal["or", "rr", "rd"]


def pool_(
    file: Path,
    /,
    *,
    effect: str | None = None,
    se: str | None = None,
    study: str | None = None,
    events1: str | None = None,
    n1: str | None = None,
    events2: str | None = None,
    n2: str | None = None,
    measure: Measured | None = None,
    method: Literal["fixed", "dl", "reml", "pm", "bayes", "mh"] = "reml",
    interval: Literal["normal", "hksj", "modified_hksj"] = "normal",
    prediction: Literal["k-1", "k-2"] | None = None,
    level: float = 95.0,
    tau_scale: float | None = None,
    mean_sd: float | None = None,
    ours: float | None = None,
    ours_se: float | None = None,
    vague_weight: float = 0.2,
    moderator: tuple[str, ...] = (),
    group: tuple[str, ...] = (),
    title: str | None = None,
    svg: Path | None = None,
    csv: Path | None = None,
    json: bool = False,
) -> None:
    """Pool the studies of a spreadsheet, and say in two sentences what they say.

    Each row is one study: its effect with a standard error, or the counts of its two
    arms. Ratios are pooled as natural logarithms.

    Parameters
    ----------
    file
        A CSV or parquet file with a header.
    effect
        The column of effects, on a scale that can be added: log ratios, differences.
    se
        The column of their standard errors.
    study
        The column of the studies' names.
    events1
        The column of persons with the event in the first arm, instead of effects.
    n1
        The column of all persons in the first arm.
    events2
        The column of persons with the event in the second arm.
    n2
        The column of all persons in the second arm.
    measure
        What counts are compared by: odds ratio, risk ratio or risk difference.
    method
        One effect for all (fixed; mh for counts); effects that differ, with a variance
        by DerSimonian-Laird, REML or Paule-Mandel; or a Bayesian model of these.
    interval
        Normal; Hartung-Knapp-Sidik-Jonkman; or that, and never narrowed.
    prediction
        Degrees of freedom of the prediction interval; as the interval if not given.
    level
        Of all intervals, in percent.
    tau_scale
        Scale of the half-normal prior on the spread between studies, in the effects'
        unit; 0.5 (0.1 for risk differences) if not given.
    mean_sd
        Standard deviation of the prior on the mean effect; 4 (0.5) if not given.
    ours
        An estimate of your own, to be read with these studies as its prior.
    ours_se
        Its standard error.
    vague_weight
        How likely it is that these studies do not bear on your own setting.
    moderator
        A column of numbers to regress the effects on (meta-regression); give it again
        for each further one.
    group
        A column of words to regress the effects on, likewise.
    title
        The picture's name.
    svg
        Write a forest plot: this file, and one beside it (…-phone.svg) for a telephone.
    csv
        Write the table of the studies.
    json
        Print one JSON object with every number that the picture shows.
    """
    from rounds.loop.evidence.pooling_numbers import as_csv, as_numbers
    from rounds.loop.evidence.pooling_sheet import pool_studies
    from rounds.loop.evidence.study_sheet import PoolAsked

    counts = {"events1": events1, "n1": n1, "events2": events2, "n2": n2}
    sheet = _read(
        file,
        study,
        {"effect": effect, "se": se},
        counts,
        measure,
        moderators={
            **dict.fromkeys(moderator, "number"),
            **dict.fromkeys(group, "text"),
        },
    )
    asked = PoolAsked(
        method=method,
        interval=interval,
        prediction=prediction,
        level=level / 100,
        scales=_scales(sheet, method, tau_scale, mean_sd, ours),
        ours=_ours(ours, ours_se),
        vague_weight=vague_weight,
    )
    found = pool_studies(sheet, asked)
    if csv is not None:
        write_file(csv, as_csv(found))
    if svg is not None:
        _write_svg(svg, found, title or f"The studies of {sheet.name}, pooled")
    lines = [*_lines(found), *([f"Picture: {svg}"] if svg else [])]
    show(as_numbers(found), lines, as_json=json)


def _read(
    file: Path,
    study: str | None,
    effects: dict[str, str | None],
    counts: dict[str, str | None],
    measure: Measured | None,
    *,
    moderators: "dict[str, Kind]",
) -> "StudySheet":
    from rounds.datamart.spreadsheet import read_spreadsheet
    from rounds.loop.evidence.study_sheet import Moderator, StudySheet

    given = effects if any(effects.values()) else counts
    other = counts if given is effects else effects
    columns = [name for name in given.values() if name]
    named = [*columns, *moderators, *([study] if study else [])]
    if (
        len(columns) < len(given)
        or any(other.values())
        or len(set(named)) < len(named)
        or (measure and given is effects)
    ):
        _refuse_columns()
    kind: Kind = "number" if given is effects else "count"
    wanted: dict[str, Kind] = dict.fromkeys(columns, kind)
    wanted |= moderators
    if study:
        wanted[study] = "text"
    read = read_spreadsheet(file, wanted)
    numbers = tuple(read.columns[name].astype(float) for name in columns)
    names = (
        tuple(str(name) for name in read.columns[study])
        if study
        else tuple(f"Line {line}" for line in read.lines)
    )
    chosen = tuple(
        Moderator(name=name, values=read.columns[name]) for name in moderators
    )
    if given is effects:
        return StudySheet(
            moderators=chosen,
            name=read.name,
            study=names,
            lines=read.lines,
            effects=numbers[0],
            ses=numbers[1],
        )
    return StudySheet(
        moderators=chosen,
        name=read.name,
        study=names,
        lines=read.lines,
        counts=numbers,
        measure=measure or "or",
    )


def _refuse_columns() -> None:
    from rounds.nouns.errors import DefinitionError

    raise DefinitionError(
        "Studies are pooled from effects and standard errors, or from four counts.",
        code="pool-columns",
        remedies=(
            "Name two columns: --effect COL --se COL.",
            "Or four: --events1 COL --n1 COL --events2 COL --n2 COL --measure or.",
            "Name each column once, moderators too.",
        ),
    )


def _scales(
    sheet: "StudySheet",
    method: str,
    tau_scale: float | None,
    mean_sd: float | None,
    ours: float | None,
) -> "PriorScales | None":
    from rounds.loop.evidence.study_sheet import PriorScales, usual_scales
    from rounds.nouns.errors import DefinitionError

    if tau_scale is None and mean_sd is None:
        return None
    if method != "bayes" and ours is None:
        raise DefinitionError(
            f"The method {method} has no prior to give a scale.",
            code="pool-no-prior",
            remedies=("Choose --method bayes.", "Leave the scales out."),
        )
    usual = usual_scales(sheet)
    return PriorScales(
        tau_scale=usual.tau_scale if tau_scale is None else tau_scale,
        mean_sd=usual.mean_sd if mean_sd is None else mean_sd,
    )


def _ours(ours: float | None, ours_se: float | None) -> tuple[float, float] | None:
    from rounds.nouns.errors import DefinitionError

    if ours is None and ours_se is None:
        return None
    if ours is None or ours_se is None:
        raise DefinitionError(
            "An estimate of your own comes with its standard error.",
            code="pool-ours",
            remedies=("Give both, in the effects' unit: --ours 0.1 --ours-se 0.05.",),
        )
    return ours, ours_se


def _lines(found: "PooledStudies") -> list[str]:
    from rounds.loop.evidence.pooling_notes import notes
    from rounds.loop.evidence.pooling_words import sentences

    asked_next = [f"  * {note}" for note in notes(found)]
    return [*_table(found), "", *sentences(found), "", *asked_next]


def _table(found: "PooledStudies") -> list[str]:
    from rounds.loop.evidence.pooling_words import METHODS, span_written, written
    from rounds.nouns import NotEstimable

    answer = found.answer
    rows = [
        (
            name,
            written(found, float(found.effects[i])),
            span_written(found, float(found.lower[i]), float(found.upper[i])),
            f"{answer.weights[i]:.1%}",
        )
        for i, name in enumerate(found.study)
    ]
    rows.append(
        (
            f"Pooled ({METHODS[found.asked.method]})",
            written(found, answer.estimate),
            span_written(found, answer.lower, answer.upper),
            f"{answer.weights.sum():.1%}",
        )
    )
    if not isinstance(answer.prediction, NotEstimable):
        reach = span_written(found, *answer.prediction)
        rows.append(("A new setting (prediction)", "", reach, ""))
    level = f"{found.asked.level * 100:.4g}% interval"
    return [
        *table(("study", "effect", level, "weight"), rows),
        *_moderators(found, level),
    ]


def _moderators(found: "PooledStudies", level: str) -> list[str]:
    from rounds.loop.evidence.moderators import Moderated
    from rounds.loop.evidence.moderators_told import terms_written

    if not isinstance(found.moderated, Moderated):
        return []
    rows = terms_written(found, found.moderated)
    return ["", *table(("moderator", "effect", level, "p"), rows)]


def _write_svg(path: Path, found: "PooledStudies", title: str) -> None:
    from rounds.reports import style_sheet
    from rounds.reports.charts import NARROW, WIDE, forest, standing_alone

    style = style_sheet(embedded=True)
    phone = path.with_name(f"{path.stem}-phone{path.suffix}")
    for where, width in ((path, WIDE), (phone, NARROW)):
        plot = _forest(found, title, narrow=width == NARROW)
        write_file(where, standing_alone(forest(plot, width), style, title))


def _forest(found: "PooledStudies", title: str, *, narrow: bool) -> "Forest":
    from functools import partial

    from rounds.loop.evidence.pooling_words import METHODS, axis, short
    from rounds.nouns import NotEstimable
    from rounds.reports.figures import pooled_forest

    answer, ours = found.answer, found.borrowing
    studies = [
        (
            name,
            float(found.effects[i]),
            float(found.lower[i]),
            float(found.upper[i]),
            float(answer.weights[i]),
        )
        for i, name in enumerate(found.study)
    ]
    new = None if isinstance(answer.prediction, NotEstimable) else answer.prediction
    read: list[tuple[str, float, float, float]] = []
    if ours is not None:
        read = [
            (name, one.value, one.lower, one.upper)
            for name, one in (
                ("Alone", ours.without),
                ("Joined with the studies", ours.with_prior),
            )
        ]
    said, beside = axis(found)
    return pooled_forest(
        studies,
        (answer.estimate, answer.lower, answer.upper),
        new,
        write=partial(short, found),
        model=METHODS[found.asked.method],
        title=title,
        unit="points" if said.startswith("Difference") else "number",
        axis=said,
        beside=f"{beside} ({found.asked.level * 100:.4g}%)",
        narrow=narrow,
        ours=read,
    )
