"""What has been told before cannot be read, so that nothing more is told."""

from rounds.practice.asked import Asked

(folder / "asked.sqlite").write_bytes(b"not a database" * 99)
Asked.open(folder / "asked.sqlite")

# Instead:
from rounds.practice.asked import Asked

Asked.open(folder / "another.sqlite").close()
