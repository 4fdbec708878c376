"""The server was asked to listen where it cannot."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds serve --project h --port 70000")
