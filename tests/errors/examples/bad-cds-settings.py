"""The section `[cds]` of `rounds.toml` is not valid."""

from rounds.web.cds_auth import Gate

Gate.from_settings({"origins": ["*"]}, folder)

# Instead:
from rounds.web.cds_auth import Gate

Gate.from_settings({"origins": ["https://ehr.example.org"]}, folder)
