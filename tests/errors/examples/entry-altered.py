"""An entry of the registry was changed after it was published."""

import datetime as dt
import sqlite3
from rounds.ledger import Ledger
from rounds.nouns import Community, Member

now = dt.datetime(2025, 1, 6)
people = (Member(name="Ana", role="patient_partner"), Member(name="Bo", role="sponsor"))
with Ledger.open(folder / "registry.sqlite") as ledger:
    ledger.publish(Community(name="htn", members=people), at=now, by="Bo")
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("DROP TRIGGER entries_refuse_update")
        connection.execute(
            "UPDATE entries SET payload = replace(payload, 'Ana', 'Eve')"
        )
    connection.close()
    ledger.read("community/htn")
