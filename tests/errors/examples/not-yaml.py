"""A noun's file is not YAML."""

from rounds.nouns import Period

Period.from_yaml("start: 2025-01-06\n end: 2025-06-30")

# Instead:
from rounds.nouns import Period

Period.from_yaml("start: 2025-01-06\nend: 2025-06-30")
