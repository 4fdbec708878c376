"""Each tutorial runs as it stands, and prints what it shows."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
TUTORIALS = sorted((REPO / "docs" / "tutorials").glob("*.md"))


def commands(page: Path) -> list[tuple[list[str], list[str]]]:
    """Give each command of a page's console blocks with the output shown for it."""
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(
        r"```console\n(.*?)```", page.read_text("utf-8"), re.DOTALL
    ):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:]), []))
            elif line.strip():
                found[-1][1].append(line)
    return found


def shown_in(line: str, output: str) -> bool:
    """Say whether a line stands in the output, `…` standing for anything."""
    pattern = ".*".join(re.escape(part) for part in line.split("…"))
    return re.search(pattern, output) is not None


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_runs_and_prints_what_it_shows(page, tmp_path):
    folder, rounds = tmp_path, Path(sys.executable).with_name("rounds")
    for command, shown in commands(page):
        if command[0] == "cd":
            folder = folder / command[1]
            continue
        assert command[0] == "rounds"
        ran = subprocess.run(
            [rounds, *command[1:]],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert ran.returncode == 0, f"{command}: {ran.stderr[-2000:]}"
        for line in shown:
            assert shown_in(line, ran.stdout), f"{command} does not print {line!r}"
