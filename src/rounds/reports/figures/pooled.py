"""The forest of studies that were pooled from a table."""

from collections.abc import Callable, Sequence
from typing import Literal

from rounds.reports.charts import Forest, ForestRow, Unit
from rounds.reports.charts.canvas import clipped
from rounds.reports.wording import percent

__all__ = ["pooled_forest"]

_LONGEST = 23
"""Letters that the margin beside a row holds."""
_WIDE = 28
_NARROW = 47
"""Letters of a label: on a desk; on a telephone together with what stands beside it."""
_BOLD = 7 / 8
"""Letters for one of which a bold one takes the room."""


def pooled_forest(
    studies: Sequence[tuple[str, float, float, float, float]],
    pooled: tuple[float, float, float],
    prediction: tuple[float, float] | None,
    *,
    write: Callable[[float], str],
    model: str,
    title: str,
    unit: Unit,
    axis: str,
    beside: str,
    narrow: bool = False,
    ours: Sequence[tuple[str, float, float, float]] = (),
) -> Forest:
    """Give what the forest of pooled studies shows.

    Parameters
    ----------
    studies : sequence of (name, effect, lower, upper, weight)
        On one additive scale; weights are shares of the pooled effect.
    pooled : (effect, lower, upper)
        Together.
    prediction : (lower, upper), optional
        Of a new setting's effect.
    write : callable
        Writes a value of the scale as it is read.
    model, title, axis, beside : str
        How they were pooled, the picture's name, what its axis shows, and what the
        numbers beside it are.
    unit : str
        Of the axis.
    narrow : bool
        Whether it is for a telephone, where labels and numbers share a line.
    ours : sequence of (name, effect, lower, upper)
        An estimate of one's own, read with and without these studies.

    Returns
    -------
    Forest
        For `rounds.reports.charts.forest`.
    """

    def row(
        name: str,
        value: float,
        lower: float,
        upper: float,
        *,
        kind: Literal["study", "pooled", "prediction"] = "study",
        weight: float | None = None,
    ) -> ForestRow:
        words = f"{write(value)} ({write(lower)} to {write(upper)})"
        if kind == "prediction" or len(words) > _LONGEST:
            words = f"{write(lower)} to {write(upper)}"
        letters = (_NARROW if narrow else _WIDE) * (_BOLD if kind == "pooled" else 1)
        room = int(letters) - (len(words) if narrow else 0)
        return ForestRow(
            label=clipped(name, room),
            kind=kind,
            value=value,
            lower=lower,
            upper=upper,
            weight=weight,
            beside=words,
            column="" if weight is None else percent(weight),
        )

    rows = [row(*study[:4], weight=study[4]) for study in studies]
    rows.append(row(f"Pooled ({model})", *pooled, kind="pooled"))
    if prediction is not None:
        rows.append(
            row("New setting (prediction)", pooled[0], *prediction, kind="prediction")
        )
    if ours:
        rows.append(ForestRow(label="Your own estimate", kind="heading"))
        rows += [row(*one) for one in ours]
    return Forest(
        name="pooled",
        title=title,
        rows=tuple(rows),
        unit=unit,
        axis=axis,
        column_title="Weight",
        beside_title=beside,
    )
