"""A trial's feasibility is asked of data that hold hardly any weeks before go-live."""

import datetime as dt

from rounds.loop.evaluation.feasibility import stretch

go_live, last = dt.date(2025, 1, 6), dt.date(2025, 1, 5)
stretch(go_live, 26, 90, first=dt.date(2024, 10, 1), last=last)

# Instead:
import datetime as dt

from rounds.loop.evaluation.feasibility import stretch

go_live, last = dt.date(2025, 1, 6), dt.date(2025, 1, 5)
stretch(go_live, 26, 90, first=dt.date(2023, 1, 2), last=last)
