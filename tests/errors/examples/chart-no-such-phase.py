"""A phase begins with a month that the chart has not."""

from stories.series import chart, control

chart(control(24), phases={"2031-01": "new clinic"})

# Instead:
from stories.series import chart, control

chart(control(24), phases={"2025-01": "new clinic"})
