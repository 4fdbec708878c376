"""`turn.yaml` is not YAML, or not a whole plan."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
(folder / "h" / "turn.yaml").write_text("problem: [")
command("rounds problem run --project h")
