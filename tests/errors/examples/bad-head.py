"""A file given as a head is not one that Rounds exported."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
(folder / "HEAD.json").write_text("{}")
command("rounds ledger verify --project h --head HEAD.json")
