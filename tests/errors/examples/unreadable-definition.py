"""A definition's file is not UTF-8 text that may be read."""

from rounds.definitions import load_measures

(folder / "mine.yaml").write_bytes(b"title: \xff")
load_measures(folder)
