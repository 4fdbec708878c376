"""A switch where care is given is to be made in nobody's name."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds change kill intensify --by '' --project h")
