"""The file is not RIS, or a record in it does not end."""

from rounds.loop.evidence.sources import load_sources

path = folder / "sources.ris"
path.write_text("""TY  - JOUR
TI  - A trial
""")
load_sources(path)
