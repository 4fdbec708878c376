"""The registry's file cannot be made, opened or written, or is not a registry."""

from rounds.ledger import Ledger

(folder / "registry.sqlite").write_bytes(b"not a database" * 99)
Ledger.open(folder / "registry.sqlite")

# Instead:
from rounds.ledger import Ledger

Ledger.open(folder / "another.sqlite").close()
