"""What a chart says in one sign: variation, and assurance against a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from rounds.methods.spc.chart import Chart
    from rounds.methods.spc.rules import Signals

__all__ = ["Assurance", "Improvement", "Variation", "assurance", "variation"]

Improvement = Literal["increase", "decrease"]
Variation = Literal[
    "common_cause",
    "improvement_high",
    "improvement_low",
    "concern_high",
    "concern_low",
    "neutral_high",
    "neutral_low",
]
Assurance = Literal["pass", "fail", "hit_or_miss"]


def variation(
    chart: Chart, signals: Signals, improvement: Improvement | None = None
) -> Variation:
    """Say what the latest point is: common cause, or special cause, and which.

    Parameters
    ----------
    chart : Chart
        n points.
    signals : Signals
        Of that chart. With Anhøj's rules a last phase that crosses its centre line
        unusually seldom is a special cause too, but for neither better nor worse:
        crossings have no direction. High or low is then where the latest point off
        the line lies.
    improvement : {"increase", "decrease"}, optional
        Which way is better; where not given, a special cause is neither.

    Returns
    -------
    str
        The icon's name: its kind and whether values are high or low.

    References
    ----------
    .. [1] `ptd_get_icons` and `ptd_point_type` of NHSRplotthedots 0.2.2: the icon of
       the latest point.

    Examples
    --------
    >>> from rounds.methods import spc
    >>> chart = spc.xmr_chart([5, 6, 5, 6, 5, 6, 5, 6, 5, 12])
    >>> spc.variation(chart, spc.nhs(chart), "decrease")
    'concern_high'
    """
    direction = int(signals.direction[-1])
    if direction == 0 and signals.few_crossings and signals.few_crossings[-1]:
        side = chart.side[chart.parts[-1]]
        off = side[side != 0]
        return "neutral_high" if off.size and off[-1] > 0 else "neutral_low"
    if direction == 0:
        return "common_cause"
    if improvement is None:
        return "neutral_high" if direction > 0 else "neutral_low"
    if direction > 0:
        return "improvement_high" if improvement == "increase" else "concern_high"
    return "improvement_low" if improvement == "decrease" else "concern_low"


def assurance(
    chart: Chart, target: float, improvement: Improvement | None
) -> Assurance | None:
    """Say whether a process as it is now will meet its target.

    Parameters
    ----------
    chart : Chart
        The latest point's limits are what counts.
    target : float
        In the unit of the chart's values.
    improvement : {"increase", "decrease"} or None
        Which way is better.

    Returns
    -------
    {"pass", "fail", "hit_or_miss"} or None
        `pass` where limits lie wholly on the target's better side, `fail` where wholly
        on its worse side, else `hit_or_miss`; None where neither way is better.

    Raises
    ------
    ValueError
        If the target is not a finite number.

    References
    ----------
    .. [1] `ptd_calculate_assurance_type` of NHSRplotthedots 0.2.2.
    """
    if not np.isfinite(target):
        raise ValueError("a target is a finite number")
    if improvement is None:
        return None
    if target > chart.upper[-1]:
        return "fail" if improvement == "increase" else "pass"
    if target < chart.lower[-1]:
        return "pass" if improvement == "increase" else "fail"
    return "hit_or_miss"
