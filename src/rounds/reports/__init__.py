"""Nouns in, pictures and pages out."""

from rounds.reports.alert_page import render_alert
from rounds.reports.board_packet import write_board_packet
from rounds.reports.equity_page import render_equity
from rounds.reports.maintenance_page import render_maintenance
from rounds.reports.report import (
    render,
    render_html,
    render_opportunities,
    render_partition,
    render_step,
    style_sheet,
)
from rounds.reports.story import Story

__all__ = [
    "Story",
    "render",
    "render_alert",
    "render_equity",
    "render_html",
    "render_maintenance",
    "render_opportunities",
    "render_partition",
    "render_step",
    "style_sheet",
    "write_board_packet",
]
