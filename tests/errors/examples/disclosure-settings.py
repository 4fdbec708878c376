"""`[disclosure]` in `rounds.toml` names no profile that there is, or holds another slip."""

from rounds.conduct.disclosure_settings import DisclosureSettings

DisclosureSettings.of({"disclosure": {"profile": "none"}})

# Instead:
from rounds.conduct.disclosure_settings import DisclosureSettings

DisclosureSettings.of({"disclosure": {"profile": "opensafely"}})
