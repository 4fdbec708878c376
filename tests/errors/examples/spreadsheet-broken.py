"""A line has more cells than there are columns."""

from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("clinic,controlled\nEast, upper floor,41\n")
read_spreadsheet(Path("control.csv"), {"clinic": "text", "controlled": "count"})

# Instead:
from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text('clinic,controlled\n"East, upper floor",41\n')
read_spreadsheet(Path("control.csv"), {"clinic": "text", "controlled": "count"})
