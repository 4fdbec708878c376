"""Each contract of the floors holds, and a planted violation of each is caught."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((REPO / "pyproject.toml").read_text())["tool"][
        "importlinter"
    ]["contracts"]
]

# Contract → the file that breaks it, and what stands in that file.
PLANTS = {
    "Floors": ("nouns/planted.py", "import rounds.ledger"),
    "Loop": ("loop/problem/planted.py", "import rounds.loop.decision"),
    "Purity": ("loop/decision/planted.py", "import rounds.ledger"),
    "Privacy: person-level rows": (
        "loop/decision/planted.py",
        "import rounds.datamart.rows",
    ),
    "Privacy: exposures": (
        "loop/problem/planted.py",
        "import rounds.practice.exposures",
    ),
    "Masking": ("conduct/planted.py", "import rounds.practice.epochs"),
    "Privacy: one person's state": (
        "loop/evaluation/planted.py",
        "import rounds.datamart.bedside",
    ),
    "One gate": ("reports/planted.py", "import rounds.ledger.disclosure"),
    "One database": ("practice/planted.py", "import duckdb"),
    "Registries": ("loop/evidence/planted.py", "import sqlalchemy"),
    "Light words": ("nouns/planted.py", "import numpy"),
    "Arithmetic": ("methods/planted.py", "import rounds.nouns"),
    "A pretend reality": ("world/planted.py", "import rounds.definitions"),
    "The sealed truth": ("loop/evaluation/planted.py", "import rounds.school.truth"),
}


def verdicts(root: Path) -> dict[str, str]:
    """Run import-linter on a copy of the house; each contract's verdict by its name."""
    lint = Path(sys.executable).with_name("lint-imports")
    command = [lint, "--config", root / "pyproject.toml", "--no-cache"]
    ran = subprocess.run(
        command,
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.findall(r"^(.+?) (KEPT|BROKEN)", ran.stdout, re.MULTILINE)
    if not found:
        return {name: ran.stdout.strip().splitlines()[-1] for name in CONTRACTS}
    return dict(found)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the sources, to be spoilt."""
    root = tmp_path_factory.mktemp("house")
    shutil.copy(REPO / "pyproject.toml", root)
    shutil.copytree(
        REPO / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    return root


def test_every_contract_is_kept(house):
    assert verdicts(house) == dict.fromkeys(CONTRACTS, "KEPT")


def test_every_contract_has_a_planted_violation():
    for contract in CONTRACTS:
        assert [key for key in PLANTS if contract.startswith(key)], contract
    assert len(PLANTS) == len(CONTRACTS)


@pytest.mark.parametrize("key", PLANTS)
def test_a_planted_violation_is_caught(house, key):
    name, content = PLANTS[key]
    planted = house / "src" / "rounds" / name
    planted.write_text(content + "\n")
    try:
        broken = [name for name, said in verdicts(house).items() if said == "BROKEN"]
    finally:
        planted.unlink()
    assert [contract for contract in broken if contract.startswith(key)]


def test_a_room_outside_the_plan_is_caught(house):
    room = house / "src" / "rounds" / "annexe"
    room.mkdir()
    (room / "__init__.py").write_text("")
    try:
        said = verdicts(house)
    finally:
        shutil.rmtree(room)
    floors = next(name for name in said if name.startswith("Floors"))
    assert said[floors] != "KEPT"
