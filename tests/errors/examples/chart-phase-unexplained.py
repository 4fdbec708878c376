"""A phase begins with no reason given."""

from stories.series import chart, control

chart(control(24), phases={"2025-01": ""})

# Instead:
from stories.series import chart, control

chart(control(24), phases={"2025-01": "new clinic"})
