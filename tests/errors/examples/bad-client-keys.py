"""A client's key file holds no public key of an accepted kind."""

(folder / "keys.json").write_text('{"keys": []}')
from rounds.web.cds_auth import Gate

Gate.from_settings(
    {
        "base_url": "https://cds.example.org",
        "clients": [{"iss": "https://ehr.example.org", "jwks": "keys.json"}],
    },
    folder,
)
