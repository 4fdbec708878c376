# ruff: noqa: INP001 - beside a script, not in a package
"""The chapter on measures, made from the tests that specify the grammar.

Each `tests/spec/test_grammar_*.py` is a section: its docstring, then for each test what
it states, the tables, the clause and the answer, as the test hands them to its fixture.
"""

import importlib.util
import inspect
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

from stories.grammar import PEOPLE

REPO = Path(__file__).resolve().parents[1]
INTRODUCTION = """
What a measure's clauses can say, by example.
Every example is a test that runs on each engine.
The tables go in, the clause is judged, and the answer is the one that stands here.
Codes stand for concept sets of the same meaning.
The persons are these; whoever is in no other table has no events:
"""


class Recorder:
    """Stands where a test's fixture would, and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[dict[str, str], str, dict[str, Any]]] = []

    def __call__(self, tables: dict[str, str], text: str, **said: Any) -> None:
        """Keep an example."""
        self.given.append((tables, text, said))


def measures() -> str:
    """Give the chapter."""
    parts = ["# What a measure can say", INTRODUCTION.strip(), _block(PEOPLE, "text")]
    for path in sorted((REPO / "tests" / "spec").glob("test_grammar_*.py")):
        parts += list(_section(_module(path)))
    return "\n\n".join(parts) + "\n"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None, "a test is a module"
    assert spec.loader is not None, "a test is a module"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _section(module: ModuleType) -> list[str]:
    parts = [f"## {module.title}", inspect.cleandoc(module.__doc__ or "")]
    for name, test in vars(module).items():
        if not name.startswith("test_") or hasattr(test, "pytestmark"):
            continue
        recorder = Recorder()
        test(recorder)
        heading = name.removeprefix("test_").replace("_", " ").capitalize()
        parts += [f"### {heading}", inspect.cleandoc(test.__doc__ or "")]
        for tables, text, said in recorder.given:
            parts += list(_example(tables, text, said))
    return parts


def _example(tables: dict[str, str], text: str, said: dict[str, Any]) -> list[str]:
    parts = []
    for table, rows in tables.items():
        parts += [f"`{table}`:", _block(rows, "text")]
    for stay in said.get("cohort") or ():
        line = ", ".join(f"{name} {value}" for name, value in stay.items())
        parts.append(f"In the cohort: {line}.")
    parts.append(_block(text, "yaml"))
    basis = said.get("basis", "person")
    of = "persons" if basis == "person" else f"index {basis}s of persons"
    if "holds" in said:
        who = ", ".join(str(one) for one in said["holds"]) or "nobody"
        parts.append(f"Holds of {of}: {who}.")
    else:
        found = ", ".join(
            f"{who}: {'none' if value is None else format(value, '.4g')}"
            for who, value in said["gives"].items()
        )
        parts.append(f"Gives, by {of}: {found}.")
    return parts


def _block(text: str, kind: str) -> str:
    return f"```{kind}\n{textwrap.dedent(text).strip()}\n```"
