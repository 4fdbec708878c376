"""The server was asked to listen to other machines without client keys."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command("rounds serve --project h --host 0.0.0.0")
