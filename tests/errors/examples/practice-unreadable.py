"""The store of practice cannot be opened."""

from rounds.practice import Practice

(folder / "practice.sqlite").write_bytes(b"not a database" * 99)
Practice.open(folder / "practice.sqlite")

# Instead:
from stories import practice as story

story.open_practice(folder)
