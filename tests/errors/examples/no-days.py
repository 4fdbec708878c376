"""The data hold people and nothing that happened to them on any day."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
command("rounds data load cdm --project h")
command("rounds problem run --project h")
