"""A state at the point of care is asked of a measure that speaks of visits."""

import datetime as dt

from rounds.datamart import Datamart, load, publish_bedside
from rounds.definitions import builtin_measures
from rounds.nouns import Period
from stories.small_omop import write_csv

(folder / "cdm").mkdir(exist_ok=True)
write_csv(folder / "cdm")
load(folder / "cdm", folder / "datamart")
year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
with Datamart.open(folder / "datamart") as datamart:
    publish_bedside(
        datamart,
        [builtin_measures()["treatment-intensified"]],
        year,
        folder / "bedside.sqlite",
    )

# Instead:
import datetime as dt

from rounds.datamart import Datamart, load, publish_bedside
from rounds.definitions import builtin_measures
from rounds.nouns import Period
from stories.small_omop import write_csv

(folder / "cdm").mkdir(exist_ok=True)
write_csv(folder / "cdm")
load(folder / "cdm", folder / "datamart")
year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
with Datamart.open(folder / "datamart") as datamart:
    publish_bedside(
        datamart,
        [builtin_measures()["blood-pressure-control"]],
        year,
        folder / "bedside.sqlite",
    )
