"""The file of sources is not there, or may not be read."""

from rounds.loop.evidence.sources import load_sources

load_sources(folder / "absent.yaml")

# Instead:
from rounds.loop.evidence.sources import load_sources

path = folder / "sources.yaml"
path.write_text("""sources:
  - title: A trial
    pmid: "123"
    pico: {population: p, intervention: i, comparator: c, outcome: o}
""")
load_sources(path)
