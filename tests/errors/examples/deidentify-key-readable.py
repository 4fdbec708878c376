"""Others than its owner may read the key from which pseudonyms are made."""

import secrets

from rounds.datamart.deidentify.plan import read_key

read_key(folder / "deidentify.key", secrets.token_bytes)
(folder / "deidentify.key").chmod(0o644)
read_key(folder / "deidentify.key", secrets.token_bytes)

# Instead:
import secrets

from rounds.datamart.deidentify.plan import read_key

read_key(folder / "deidentify.key", secrets.token_bytes)
(folder / "deidentify.key").chmod(0o600)
read_key(folder / "deidentify.key", secrets.token_bytes)
