"""A spreadsheet has no rows."""

from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month,controlled\n")
read_spreadsheet(Path("control.csv"), {"month": "period"})

# Instead:
from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month,controlled\n2026-01,41\n")
read_spreadsheet(Path("control.csv"), {"month": "period"})
