"""The rows of a chart are not in order of time."""

from stories.series import control

control(months=["2026-02", "2026-01", "2026-03"])

# Instead:
from stories.series import control

control(months=["2026-01", "2026-02", "2026-03"])
