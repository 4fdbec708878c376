"""A measure reads a cohort, and nobody said who is in it."""

from rounds.datamart import run_measure
from rounds.nouns import Measure
from stories.measures import YEAR, HandMade, Tables

diabetics = "cohort/diabetes|1#" + "0" * 64
measure = Measure(
    name="seen",
    title="Seen",
    type="process",
    improvement_notation="increase",
    initial_population={"op": "in_cohort", "cohort": diabetics},
    numerator={"op": "exists", "events": {"domain": "visit"}},
)
datamart = HandMade(Tables().rows)
run_measure(datamart, measure, YEAR)

# Instead:
from rounds.datamart import run_measure
from rounds.nouns import Measure, Ref
from stories.measures import YEAR, HandMade, Tables

diabetics = "cohort/diabetes|1#" + "0" * 64
measure = Measure(
    name="seen",
    title="Seen",
    type="process",
    improvement_notation="increase",
    initial_population={"op": "in_cohort", "cohort": diabetics},
    numerator={"op": "exists", "events": {"domain": "visit"}},
)
datamart = HandMade(Tables().rows)
rows = "SELECT 1 AS subject_id, DATE '2025-01-01' AS cohort_start_date, DATE '2025-12-31' AS cohort_end_date"
run_measure(datamart, measure, YEAR, cohorts={Ref.parse(diabetics): rows})
