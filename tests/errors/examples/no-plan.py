"""The project has no `turn.yaml`."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
(folder / "h" / "turn.yaml").unlink()
command("rounds problem run --project h")
