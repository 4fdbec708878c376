"""The right to see single persons, as who answers for the data writes it down."""

import json
from pathlib import Path

from rounds.conduct.disclosure_settings import user_of_this_process


def let_me_see_persons(root):
    """Write the user of this process into a project's rounds.toml."""
    path = Path(root) / "rounds.toml"
    text = path.read_text()
    assert "persons = []" in text
    listed = json.dumps([user_of_this_process()])
    path.write_text(text.replace("persons = []", f"persons = {listed}"))
