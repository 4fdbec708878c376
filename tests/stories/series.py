"""Small series of a practice, to be charted."""

import numpy as np

from rounds.loop.problem.chart_asked import ChartAsked
from rounds.loop.problem.charting import chart_series
from rounds.loop.problem.series import Rebase, Series

__all__ = ["chart", "control"]


def control(n=24, *, controlled=40, seen=60, months=None, **more):
    """Give people whose blood pressure was controlled, by month from 2024-01."""
    labels = months or [f"{2024 + i // 12}-{i % 12 + 1:02d}" for i in range(n)]
    wobble = np.arange(len(labels)) * 7 % 5 - 2
    return Series(
        name="control.csv",
        labels=tuple(labels),
        when=np.array(labels, dtype="datetime64[D]"),
        numerator=controlled + wobble,
        denominator=None if seen is None else np.full(len(labels), seen),
        **more,
    )


def chart(series, *, phases=None, **asked):
    """Chart a series; phases are reasons by month."""
    rebased = tuple(Rebase(at=at, reason=why) for at, why in (phases or {}).items())
    return chart_series(series, ChartAsked(title="Control", phases=rebased, **asked))
