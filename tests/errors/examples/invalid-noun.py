"""A noun lacks something, holds something it does not have, or contradicts itself; every problem is listed."""

from rounds.nouns import Period

Period.from_yaml("start: 2025-06-30\nend: 2025-01-06")

# Instead:
from rounds.nouns import Period

Period.from_yaml("start: 2025-01-06\nend: 2025-06-30")
