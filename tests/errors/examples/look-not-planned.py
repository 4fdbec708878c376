"""A trial is looked at before the day that its protocol plans, or once too often."""

import datetime as dt
from rounds.loop.evaluation.looks.schedule import check_due
from stories import looks

check_due(looks.protocol(), [], dt.date(2025, 4, 1))

# Instead:
import datetime as dt
from rounds.loop.evaluation.looks.schedule import check_due, look_dates
from stories import looks

check_due(looks.protocol(), [], look_dates(looks.protocol())[0])
