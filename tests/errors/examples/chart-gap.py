"""A month is missing between two rows of a chart."""

from stories.series import control

control(months=["2026-01", "2026-02", "2026-03", "2026-04", "2026-06"])

# Instead:
from stories.series import control

control(months=["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"])
