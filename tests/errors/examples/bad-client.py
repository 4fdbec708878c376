"""A registered client of `rounds.toml` lacks something or holds something unknown."""

from rounds.web.cds_auth import Gate

Gate.from_settings(
    {
        "base_url": "https://cds.example.org",
        "clients": [{"iss": "https://ehr.example.org"}],
    },
    folder,
)
