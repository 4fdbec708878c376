"""A step needs data, and none have been loaded."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds problem run --project h")
