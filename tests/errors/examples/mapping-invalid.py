"""The file that says what the columns of CSV files mean has faults; all are listed."""

from rounds.datamart import load

(folder / "trial").mkdir()
(folder / "trial" / "sheet.csv").write_text(
    "clinic,day,arm,better\nA,2024-01-02,new,1\n"
)
(folder / "trial" / "rounds-mapping.yaml").write_text(
    "files:\n  sheet.csv: {row: visit, time: date, unit: clinic}\n  visits.csv: {row: x}\n"
)
load(folder / "trial", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "trial").mkdir()
(folder / "trial" / "sheet.csv").write_text(
    "clinic,day,arm,better\nA,2024-01-02,new,1\n"
)
(folder / "trial" / "rounds-mapping.yaml").write_text(
    "files:\n  sheet.csv: {row: visit, time: day, unit: clinic, arm: arm, outcome: better}\n"
)
load(folder / "trial", folder / "datamart")
