"""A measure has no population of that name."""

from stories.rights import let_me_see_persons
from stories.small_omop import write_csv

(folder / "cdm").mkdir(exist_ok=True)
write_csv(folder / "cdm")
command("rounds init project --from cdm")
let_me_see_persons(folder / "project")
command(
    "rounds data where --measure blood-pressure-control --from 2024-01-01 "
    "--to 2024-12-31 --population all --out who.csv --persons --project project"
)
