"""Rows about persons are written only for someone who says that this is meant."""

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
command("rounds data export --out rows --project project")

# Instead:
from stories.rights import let_me_see_persons

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
let_me_see_persons(folder / "project")
command("rounds data export --out rows --persons --project project")
