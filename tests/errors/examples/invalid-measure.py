"""A measure of the site is not valid; every problem is listed."""

from rounds.definitions import load_measures

(folder / "mine.yaml").write_text("name: mine\ntitle: Mine\n")
load_measures(folder)
