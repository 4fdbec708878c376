"""A spreadsheet has no column of this name."""

from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month,controlled,seen\n2026-01,41,60\n")
read_spreadsheet(Path("control.csv"), {"month": "period", "control": "count"})

# Instead:
from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month,controlled,seen\n2026-01,41,60\n")
read_spreadsheet(Path("control.csv"), {"month": "period", "controlled": "count"})
