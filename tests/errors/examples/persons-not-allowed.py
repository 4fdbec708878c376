"""Single persons are shown only to whom the project names; counts, to everybody."""

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
command("rounds data where person 1 --persons --project project")

# Instead:
from stories.rights import let_me_see_persons

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
let_me_see_persons(folder / "project")
command("rounds data where person 1 --persons --project project")
