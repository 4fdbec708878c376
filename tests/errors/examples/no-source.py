"""Nothing says where the data are."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds data load --project h")
