"""A cell of a spreadsheet is not what its column should hold."""

from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month,controlled,seen\n2026-01,41,60\n2026-02,4O,61\n")
read_spreadsheet(Path("control.csv"), {"month": "period", "controlled": "count"})

# Instead:
from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("month,controlled,seen\n2026-01,41,60\n2026-02,40,61\n")
read_spreadsheet(Path("control.csv"), {"month": "period", "controlled": "count"})
