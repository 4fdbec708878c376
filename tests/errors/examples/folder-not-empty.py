"""A project is to be made in a folder that holds something."""

from rounds.conduct import Project

(folder / "h").mkdir()
(folder / "h" / "notes.txt").write_text("mine")
Project.init(folder / "h", source=None)

# Instead:
from rounds.conduct import Project

Project.init(folder / "h", source=None)
