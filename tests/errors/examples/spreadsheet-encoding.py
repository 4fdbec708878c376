"""A CSV file is not in UTF-8."""

from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("clinic\nVårdcentral Öst\n", encoding="latin-1")
read_spreadsheet(Path("control.csv"), {"clinic": "text"})

# Instead:
from pathlib import Path

from rounds.datamart.spreadsheet import read_spreadsheet

Path("control.csv").write_text("clinic\nVårdcentral Öst\n", encoding="utf-8")
read_spreadsheet(Path("control.csv"), {"clinic": "text"})
