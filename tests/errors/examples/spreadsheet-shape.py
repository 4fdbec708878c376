"""A spreadsheet is given in its program's own format."""

from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.xlsx").write_bytes(b"PK")
read_spreadsheet(Path("control.xlsx"), {"month": "period"})

# Instead:
from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month\n2026-01\n")
read_spreadsheet(Path("control.csv"), {"month": "period"})
