"""A measure's name is part of its address, so it holds no spaces and no capitals."""

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
command("rounds measure define 'Door to needle' --project project")

# Instead:
(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
command("rounds measure define door-to-needle --project project")
