"""The file of sources is neither YAML nor RIS."""

from rounds.loop.evidence.sources import load_sources

path = folder / "sources.docx"
path.write_text("""A trial""")
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
