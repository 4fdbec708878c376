"""A chart of rates is asked for, and nothing says of what."""

from stories.series import chart, control

chart(control(24, seen=None), chart="u")

# Instead:
from stories.series import chart, control

chart(control(24, seen=60), chart="u")
