"""The file of the key holds something else, or a part of a key."""

import secrets

from rounds.datamart.deidentify.plan import read_key

(folder / "deidentify.key").touch(mode=0o600)
(folder / "deidentify.key").write_bytes(b"half a key")
read_key(folder / "deidentify.key", secrets.token_bytes)

# Instead:
import secrets

from rounds.datamart.deidentify.plan import read_key

(folder / "deidentify.key").unlink(missing_ok=True)
read_key(folder / "deidentify.key", secrets.token_bytes)
