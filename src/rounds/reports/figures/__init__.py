"""Which numbers of which noun go into which chart."""

from rounds.reports.figures.control import chart_picture, month_chart
from rounds.reports.figures.equity import groups_forest, meeting_forest
from rounds.reports.figures.evaluation import (
    arms_flow,
    beside_truth,
    equity_forest,
    evidence_forest,
)
from rounds.reports.figures.opportunity import opportunity_forest, shown_lines
from rounds.reports.figures.partition import (
    MODELS,
    levels_forest,
    ranked_sites,
    standing_sites,
    told_of,
    two_measures,
)
from rounds.reports.figures.pooled import pooled_forest
from rounds.reports.figures.problem import (
    is_higher_better,
    shown_units,
    sites_caterpillar,
    sites_expected,
    sites_funnel,
    turn_ring,
)
from rounds.reports.figures.units import units_funnel
from rounds.reports.figures.value import acceptability_curve
from rounds.reports.figures.watching import kept_forest, path_picture

__all__ = [
    "MODELS",
    "acceptability_curve",
    "arms_flow",
    "beside_truth",
    "chart_picture",
    "equity_forest",
    "evidence_forest",
    "groups_forest",
    "is_higher_better",
    "kept_forest",
    "levels_forest",
    "meeting_forest",
    "month_chart",
    "opportunity_forest",
    "path_picture",
    "pooled_forest",
    "ranked_sites",
    "shown_lines",
    "shown_units",
    "sites_caterpillar",
    "sites_expected",
    "sites_funnel",
    "standing_sites",
    "told_of",
    "turn_ring",
    "two_measures",
    "units_funnel",
]
