"""Two rows of a chart are of the same month: two units, it may be."""

from stories.series import control

control(months=["2026-01", "2026-01", "2026-02"])

# Instead:
from stories.series import control

control(months=["2026-01", "2026-02", "2026-03"])
