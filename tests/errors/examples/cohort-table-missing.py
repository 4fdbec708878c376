"""A criterion needs a table that OMOP CDM 5.4 does not have."""

from rounds.datamart import Datamart, load, run_cohorts
from rounds.nouns import Cohort
from stories.small_omop import write_csv

(folder / "omop").mkdir()
load(write_csv(folder / "omop"), folder / "mart")
ENTRY = {
    "CriteriaList": [{"LocationRegion": {}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
cohort = Cohort(name="x", title="X", expression={"PrimaryCriteria": ENTRY})
with Datamart.open(folder / "mart") as datamart:
    run_cohorts(datamart, [cohort])

# Instead:
from rounds.datamart import Datamart, load, run_cohorts
from rounds.nouns import Cohort
from stories.small_omop import write_csv

(folder / "omop").mkdir()
load(write_csv(folder / "omop"), folder / "mart")
ENTRY = {
    "CriteriaList": [{"VisitOccurrence": {}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
cohort = Cohort(name="x", title="X", expression={"PrimaryCriteria": ENTRY})
with Datamart.open(folder / "mart") as datamart:
    run_cohorts(datamart, [cohort])
