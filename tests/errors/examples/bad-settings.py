"""`rounds.toml` is not TOML."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
(folder / "h" / "rounds.toml").write_text("name = h")
command("rounds data load --project h")
