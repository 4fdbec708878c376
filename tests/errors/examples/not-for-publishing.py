"""Something about one person, or a part of a noun, was given to the ledger."""

import datetime as dt
from rounds.ledger import Ledger
from rounds.nouns import Community, Member

now = dt.datetime(2025, 1, 6)
people = (Member(name="Ana", role="patient_partner"), Member(name="Bo", role="sponsor"))

with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.publish(people[0], at=now, by="Bo")

# Instead:
import datetime as dt
from rounds.ledger import Ledger
from rounds.nouns import Community, Member

now = dt.datetime(2025, 1, 6)
people = (Member(name="Ana", role="patient_partner"), Member(name="Bo", role="sponsor"))

with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.publish(Community(name="htn", members=people), at=now, by="Bo")
