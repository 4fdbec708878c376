"""A file that someone wrote is not written over."""

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
command("rounds measure define door-to-needle --project project")
command("rounds measure define door-to-needle --project project")
