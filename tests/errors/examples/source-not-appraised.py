"""A paper read from RIS has no question, effect or risk of bias beside it."""

from rounds.loop.evidence.sources import load_sources

path = folder / "sources.ris"
path.write_text("""TY  - JOUR
TI  - A trial
DO  - 10.1136/bmj.m3216
ER  -
""")
load_sources(path)
