"""`turn.yaml` has no section for the step."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds evidence run --project h")
