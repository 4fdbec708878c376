"""The ledger holds nothing of that name."""

from rounds.ledger import Ledger

with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.read("problem/hypertension")

# Instead:
import datetime as dt
from rounds.ledger import Ledger
from rounds.nouns import Community, Member

now = dt.datetime(2025, 1, 6)
people = (Member(name="Ana", role="patient_partner"), Member(name="Bo", role="sponsor"))

with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.publish(Community(name="htn", members=people), at=now, by="Bo")
    ledger.read("community/htn")
