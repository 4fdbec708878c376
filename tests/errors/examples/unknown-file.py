"""No snapshot of the datamart holds a file of that name or SHA-256."""

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds init project --from cdm")
command("rounds impact file:people.csv --project project")
