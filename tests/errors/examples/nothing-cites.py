"""No noun in the ledger cites this paper or snapshot."""

from rounds.ledger import Ledger

with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.impact("PMID:12345678")
