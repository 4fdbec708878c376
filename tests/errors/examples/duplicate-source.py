"""The same paper is given twice."""

from rounds.loop.evidence.sources import load_sources

path = folder / "sources.yaml"
path.write_text("""sources:
  - title: A trial
    pmid: "123"
    pico: {population: p, intervention: i, comparator: c, outcome: o}
  - title: A trial
    pmid: "123"
    pico: {population: p, intervention: i, comparator: c, outcome: o}
""")
load_sources(path)

# Instead:
from rounds.loop.evidence.sources import load_sources

path = folder / "sources.yaml"
path.write_text("""sources:
  - title: A trial
    pmid: "123"
    pico: {population: p, intervention: i, comparator: c, outcome: o}
""")
load_sources(path)
