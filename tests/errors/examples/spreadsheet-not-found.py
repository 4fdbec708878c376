"""There is no such file."""

from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

read_spreadsheet(Path("kontrol.csv"), {"month": "period"})

# Instead:
from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month\n2026-01\n")
read_spreadsheet(Path("control.csv"), {"month": "period"})
