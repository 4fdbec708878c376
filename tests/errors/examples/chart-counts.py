"""A numerator is above its denominator."""

from stories.series import chart, control

chart(control(24, controlled=99, seen=60))

# Instead:
from stories.series import chart, control

chart(control(24, controlled=40, seen=60))
