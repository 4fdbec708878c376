"""Every room is in the plan, says what it is for, and shows only what it means to."""

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "rounds"
PLAN = {
    "cli",
    "community",
    "conduct",
    "conformance",
    "datamart",
    "definitions",
    "ledger",
    "loop",
    "methods",
    "network",
    "nouns",
    "practice",
    "reports",
    "school",
    "web",
    "world",
}
STEPS = ("problem", "evidence", "change", "evaluation", "decision")
ROOMS = sorted(
    path.name
    for path in PACKAGE.iterdir()
    if path.is_dir() and path.name != "__pycache__"
)
HOMES = [*ROOMS, *(f"loop/{step}" for step in STEPS)]
MAX_README = 60


def planned_rooms(config: dict) -> set[str]:
    floors = config["tool"]["importlinter"]["contracts"][0]
    named = " | ".join(floors["layers"]).split("|")
    return {name.strip().strip("()") for name in named}


def test_every_room_is_in_the_plan(repo):
    config = tomllib.loads((repo / "pyproject.toml").read_text())
    assert config["tool"]["importlinter"]["contracts"][0]["exhaustive"] is True
    assert set(ROOMS) <= PLAN == planned_rooms(config)


@pytest.mark.parametrize("room", HOMES)
def test_a_room_has_a_readme_of_at_most_a_page(room):
    lines = (PACKAGE / room / "README.md").read_text("utf-8").splitlines()
    assert 3 <= len(lines) <= MAX_README


@pytest.mark.parametrize("room", HOMES)
def test_a_room_says_what_it_is_for(room):
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    told = ast.get_docstring(tree)
    assert told
    assert len(told.split()) >= 4


def sorting_key(name: str) -> tuple[bool, bool, str]:
    """Constants, then classes, then functions, as ruff sorts them (RUF022)."""
    return (not name.isupper(), not name[0].isupper(), name)


@pytest.mark.parametrize("room", HOMES)
def test_a_room_names_what_it_shows(room):
    """`__all__` is sorted, complete, and each name in it is there."""
    module = importlib.import_module("rounds." + room.replace("/", "."))
    names = module.__all__
    assert list(names) == sorted(names, key=sorting_key)
    assert len(names) == len(set(names))
    for name in names:
        assert hasattr(module, name), name
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    assert public_names(tree) - set(names) == set()


def public_names(tree: ast.Module) -> set[str]:
    """Give the names that a room's `__init__` binds, from the project, without `_`."""
    bound = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "rounds"
        ):
            bound |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            bound |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return {name for name in bound if not name.startswith("_")}


@pytest.mark.parametrize(
    ("room", "protected"),
    [("datamart", "rows"), ("practice", "exposures"), ("practice", "epochs")],
)
def test_protected_rows_are_not_shown_again_by_their_room(room, protected):
    """A re-export would slip past the contract, which sees direct imports only."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module != f"rounds.{room}.{protected}"
            assert protected not in {alias.name for alias in node.names}


def test_every_module_that_names_what_it_shows_names_what_is_there(sources):
    wrong = []
    for source in sources:
        shown, bound = set(), set()
        for node in source.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = (
                    node.targets if isinstance(node, ast.Assign) else [node.target]
                )
                names = {n.id for t in targets for n in ast.walk(t) if hasattr(n, "id")}
                bound |= names
                if "__all__" in names:
                    shown = set(ast.literal_eval(node.value))
            elif isinstance(
                node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
            ):
                bound.add(node.name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                bound |= {alias.asname or alias.name for alias in node.names}
        lazy = "__getattr__" in bound
        if shown - bound and not lazy:
            wrong.append((str(source), sorted(shown - bound)))
    assert wrong == []
