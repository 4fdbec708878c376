"""The folder holds no `rounds.toml`."""

command("rounds loop")

# Instead:
from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds loop --project h")
