"""A command asks for what only a datamart of the project's own knows."""

from rounds.conduct import Project

project = Project.init(folder / "h", source=None)
with project.settings_path.open("a") as settings:
    settings.write('[datamart]\ncdm = "omop.duckdb"\n')
command("rounds vocabulary status --project h")
