"""Reporting guidelines filled from the record: CONSORT with extensions, SQUIRE 2.0."""

from rounds.reports.checklists.checklist import (
    STANDARDS,
    Checklist,
    Line,
    Standard,
    checklist,
    checklist_csv,
    read_additions,
)
from rounds.reports.checklists.page import checklist_html

__all__ = [
    "STANDARDS",
    "Checklist",
    "Line",
    "Standard",
    "checklist",
    "checklist_csv",
    "checklist_html",
    "read_additions",
]
