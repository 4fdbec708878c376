"""A demo would replace a folder that is not one."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds demo --people 500 --out h")
