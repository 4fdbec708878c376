"""Days of the week are asked of a chart of months."""

from stories.series import chart, control

chart(control(24), season="weekday")

# Instead:
from stories.series import chart, control

chart(control(24), season="month")
