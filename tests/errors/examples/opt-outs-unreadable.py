"""The file of those who decline is not text with one patient id a line."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
(folder / "declined.txt").write_text("id,date\n42,2025-01-06\n")
command(f"rounds change opt-out --from {folder}/declined.txt --project h")

# Instead:
from rounds.conduct import Project

Project.init(folder / "h", source=None)
(folder / "declined.txt").write_text("42\n")
command(f"rounds change opt-out --from {folder}/declined.txt --project h")
