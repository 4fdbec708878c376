"""Numbers in, SVG out: no script, no inline style, the same bytes every time."""

from collections.abc import Callable
from typing import TypeVar

from rounds.reports.charts.acceptability import (
    Acceptability,
    AcceptabilityMark,
    acceptability,
)
from rounds.reports.charts.canvas import NARROW, WIDE, Unit, label
from rounds.reports.charts.caterpillar import (
    Caterpillar,
    CaterpillarUnit,
    caterpillar,
)
from rounds.reports.charts.control_chart import Control, ControlPoint, control_chart
from rounds.reports.charts.flow import FlowBox, FlowChart, flow_chart
from rounds.reports.charts.forest import Forest, ForestRow, forest
from rounds.reports.charts.funnel import Funnel, FunnelLimits, FunnelPoint, funnel
from rounds.reports.charts.looks import LookPoint, Looks, looks
from rounds.reports.charts.ring import Ring, RingStep, ring
from rounds.reports.charts.standalone import standing_alone
from rounds.reports.charts.two_way import TwoWay, TwoWayAxis, TwoWayPoint, two_way
from rounds.reports.charts.watch_path import WatchBox, WatchPath, watch_path

__all__ = [
    "NARROW",
    "WIDE",
    "Acceptability",
    "AcceptabilityMark",
    "Caterpillar",
    "CaterpillarUnit",
    "Control",
    "ControlPoint",
    "FlowBox",
    "FlowChart",
    "Forest",
    "ForestRow",
    "Funnel",
    "FunnelLimits",
    "FunnelPoint",
    "LookPoint",
    "Looks",
    "Ring",
    "RingStep",
    "TwoWay",
    "TwoWayAxis",
    "TwoWayPoint",
    "Unit",
    "WatchBox",
    "WatchPath",
    "acceptability",
    "at_two_widths",
    "caterpillar",
    "control_chart",
    "flow_chart",
    "forest",
    "funnel",
    "label",
    "looks",
    "ring",
    "standing_alone",
    "two_way",
    "watch_path",
]

Plot = TypeVar("Plot")


def at_two_widths(draw: Callable[[Plot, float], str], plot: Plot) -> str:
    """Draw a chart for a desk and for a telephone; `style.css` shows one of them.

    Parameters
    ----------
    draw : callable
        `funnel`, `forest`, …
    plot : Funnel, Forest, …
        What that chart shows.

    Returns
    -------
    str
        A `div` that holds both drawings; the container's width chooses.
    """
    wide, narrow = draw(plot, WIDE), draw(plot, NARROW)
    return (
        f'<div class="chart"><div class="wide">{wide}</div>'
        f'<div class="narrow">{narrow}</div></div>'
    )
