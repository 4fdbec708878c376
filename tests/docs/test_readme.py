"""What the README shows is what the command prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(tmp_path):
    """Every number of the README's demo was printed by the command beside it."""
    shown = re.search(r"```text\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    command = [sys.executable, "-m", "rounds.cli.main", "demo"]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    printed = ran.stdout.replace(f"{tmp_path.resolve()}/", "…/")
    assert printed.strip() == shown.strip()


def test_the_readme_is_one_screen_and_names_no_unknown_command():
    from rounds.cli.main import _GROUPS, _TOP

    text = README.read_text()
    assert len(text.splitlines()) < 100
    known = {*_TOP, *_GROUPS}
    for command in re.findall(r"rounds ([a-z]+)", text):
        assert command in known, command
