"""The folder that a picture is to be written to is not there."""

from pathlib import Path

from rounds.cli.problem_chart import chart_

rows = [f"{2024 + i // 12}-{i % 12 + 1:02d},{40 + i % 5},60" for i in range(24)]
Path("control.csv").write_text("\n".join(["month,controlled,seen", *rows]))
chart_(
    Path("control.csv"),
    by="month",
    numerator="controlled",
    denominator="seen",
    svg=Path("pictures/control.svg"),
)

# Instead:
from pathlib import Path

from rounds.cli.problem_chart import chart_

rows = [f"{2024 + i // 12}-{i % 12 + 1:02d},{40 + i % 5},60" for i in range(24)]
Path("control.csv").write_text("\n".join(["month,controlled,seen", *rows]))
chart_(
    Path("control.csv"),
    by="month",
    numerator="controlled",
    denominator="seen",
    svg=Path("control.svg"),
)
