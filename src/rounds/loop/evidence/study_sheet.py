"""The studies of a spreadsheet, and how they are to be pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rounds.methods.pooling.pooled import Prediction
from rounds.methods.pooling.studies import FAR, Interval
from rounds.methods.pooling.tables import Measure
from rounds.nouns.errors import DataError, DefinitionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Moderator",
    "PoolAsked",
    "PoolingMethod",
    "PriorScales",
    "StudySheet",
    "check_asked",
    "check_rows",
    "usual_scales",
]

_LEAST_LEVEL = 0.5
"""Of an interval: a lower one was meant as a share and not in percent."""

PoolingMethod = Literal["fixed", "dl", "reml", "pm", "bayes", "mh"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Moderator:
    """Something that studies differ in."""

    name: str
    """Of the column."""
    values: NDArray[Any]
    """Shape (n_rows,): float64, or words as str objects."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StudySheet:
    """The rows of a spreadsheet, one study each."""

    name: str
    """Of the file."""
    study: tuple[str, ...]
    lines: NDArray[np.int64]
    """Shape (n_rows,): where each row stands in the file."""
    effects: NDArray[np.float64] | None = None
    ses: NDArray[np.float64] | None = None
    counts: tuple[NDArray[np.float64], ...] | None = None
    """Instead of effects: events and persons of the first arm, then of the second."""
    measure: Measure = "or"
    """Of the counts."""
    moderators: tuple[Moderator, ...] = ()
    """What the effects are to be regressed on."""


@dataclass(frozen=True, kw_only=True)
class PriorScales:
    """What is thought before the studies are read, in the effect's unit."""

    tau_scale: float
    """Of the half-normal prior on the standard deviation between studies."""
    mean_sd: float
    """Of the normal prior, centred on 0, on the mean effect; and of what is thought
    where earlier studies do not bear on a setting."""


@dataclass(frozen=True, kw_only=True)
class PoolAsked:
    """How to pool."""

    method: PoolingMethod = "reml"
    interval: Interval = "normal"
    prediction: Prediction | None = None
    level: float = 0.95
    scales: PriorScales | None = None
    """Those of a log ratio, or of a risk difference, if not given."""
    ours: tuple[float, float] | None = None
    """An estimate of one's own and its standard error, to be read with these studies
    as its prior."""
    vague_weight: float = 0.2


def check_asked(sheet: StudySheet, asked: PoolAsked) -> None:
    """Refuse what does not go together.

    Parameters
    ----------
    sheet : StudySheet
        Whether it holds effects or counts.
    asked : PoolAsked
        What is asked for.

    Raises
    ------
    DefinitionError
        With the reason.
    """
    own = asked.method in ("bayes", "mh")
    wrong = ""
    if asked.method == "mh" and sheet.counts is None:
        wrong = "Mantel and Haenszel's method needs counts, not effects"
    elif own and asked.interval != "normal":
        wrong = f"the interval {asked.interval} is none of the method {asked.method}"
    elif own and sheet.moderators:
        wrong = f"the method {asked.method} takes no moderators"
    elif asked.prediction is not None and (own or asked.method == "fixed"):
        wrong = f"the method {asked.method} has no prediction interval to choose"
    elif not _LEAST_LEVEL <= asked.level < 1:
        wrong = "the level is not between 50 and 100 percent"
    elif not 0 < asked.vague_weight < 1:
        wrong = "the weight of the vague part is not between 0 and 1"
    elif asked.scales and not all(
        0 < scale < FAR for scale in (asked.scales.tau_scale, asked.scales.mean_sd)
    ):
        wrong = "a scale of the prior is not a number above 0"
    elif asked.ours and not (abs(asked.ours[0]) < FAR and 0 < asked.ours[1] < FAR):
        wrong = "the estimate of your own is no number, or its error not above 0"
    if wrong:
        raise DefinitionError(
            f"The studies cannot be pooled so: {wrong}.",
            code="pool-asked",
            remedies=(
                "Choose --method reml, with --interval normal or hksj.",
                "Give the level in percent, e.g. --level 95.",
                "Give scales and standard errors above 0, in the effects' unit.",
            ),
        )


def check_rows(sheet: StudySheet) -> None:
    """Refuse rows that cannot be so, by their lines and never by what they hold.

    Parameters
    ----------
    sheet : StudySheet
        Rows as they were read.

    Raises
    ------
    DataError
        If a standard error is not above 0, events exceed persons, an arm is empty, or
        there is one study alone.
    """
    if len(sheet.study) < 2:
        raise DataError(
            f"{sheet.name} has one study, and two are needed.",
            code="pool-one-study",
            why="One study is not pooled with anything: it says what it says.",
            remedies=("Add the other studies.", "Report the one study as it is."),
        )
    if sheet.counts is not None:
        x1, m1, x2, m2 = sheet.counts
        _refuse(sheet, (m1 < 1) | (m2 < 1), "an arm has no persons")
        _refuse(sheet, (x1 > m1) | (x2 > m2), "an arm has more events than persons")
        return
    assert sheet.effects is not None
    assert sheet.ses is not None
    _refuse(sheet, ~(sheet.ses > 0), "the standard error is not above zero")
    far = (np.abs(sheet.effects) > FAR) | (sheet.ses > FAR) | (sheet.ses < 1 / FAR)
    _refuse(sheet, far, "a number is too large or too small to be squared")


def _refuse(sheet: StudySheet, wrong: NDArray[np.bool_], said: str) -> None:
    if not wrong.any():
        return
    lines = sheet.lines[wrong]
    shown = ", ".join(str(line) for line in lines[:5])
    more = f" and {lines.size - 5} more" if lines.size > 5 else ""
    raise DataError(
        f"{sheet.name}: {said}, on line{'s' if lines.size > 1 else ''} {shown}{more}.",
        code="pool-row",
        why="A study weighs what its standard error says it weighs.",
        remedies=(
            "Correct these rows, or take them out.",
            "Check which column is the effect, and which its standard error.",
            "Take the standard error from an interval: its width over 3.92 (95%).",
        ),
    )


def usual_scales(sheet: StudySheet) -> PriorScales:
    """Give the scales of log ratios, or of risk differences.

    Parameters
    ----------
    sheet : StudySheet
        Effects whose unit is not known are taken for log ratios.

    Returns
    -------
    PriorScales
        Log ratios: half-normal 0.5, and 4, the unit information prior of a log odds
        ratio [1]_. Risk differences: those of a turn's Evidence.

    References
    ----------
    .. [1] Röver C. Bayesian random-effects meta-analysis using the bayesmeta R package.
       Journal of Statistical Software 2020;93(6):1-51, sections 2.2 and 3.3.
    """
    if sheet.counts is not None and sheet.measure == "rd":
        return PriorScales(tau_scale=0.1, mean_sd=0.5)
    return PriorScales(tau_scale=0.5, mean_sd=4.0)
