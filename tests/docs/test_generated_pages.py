"""The generated pages are those that the sources make."""

import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).parents[2]


def test_making_the_pages_again_changes_nothing():
    ran = subprocess.run(
        [sys.executable, REPO / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}run: make docs"
