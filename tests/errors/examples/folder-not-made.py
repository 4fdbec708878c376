"""A project's folder cannot be made where it was asked for."""

from rounds.conduct import Project

(folder / "notes.txt").write_text("mine")
Project.init(folder / "notes.txt" / "h", source=None)

# Instead:
from rounds.conduct import Project

Project.init(folder / "h", source=None)
