"""The digits of a hash that were given begin more than one."""

import datetime as dt
from rounds.ledger import Ledger
from rounds.nouns import PICO, Source

pico = PICO(population="p", intervention="i", comparator="c", outcome="o")
with Ledger.open(folder / "registry.sqlite") as ledger:
    seen = {}
    for number in range(1000):
        noun = Source(name=f"s-{number}", title="", pmid=str(number), pico=pico)
        twin = seen.setdefault(noun.content_hash()[:4], noun)
        if twin is not noun:
            break
    for each in (twin, noun):
        ledger.publish(each, at=dt.datetime(2025, 1, 6), by="Bo")
    ledger.read(noun.content_hash()[:4])
