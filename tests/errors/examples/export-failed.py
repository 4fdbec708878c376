"""The exported files cannot be written where they were asked for."""

from rounds.ledger import Ledger

(folder / "ledger").write_text("a file, where a folder should be")
with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.export(folder / "ledger")

# Instead:
from rounds.ledger import Ledger

with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.export(folder / "ledger")
