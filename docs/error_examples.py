# ruff: noqa: INP001 - beside a script, not in a package
"""The examples of the error manual: for each code, the shortest thing that causes it.

Each file `tests/errors/examples/<code>.py` holds a docstring (what it means), the code
that goes wrong, a line `# Instead:` and the code that goes right. It runs in an empty
folder, named `folder`; `command("rounds …")` runs a command in it, and `stories` are
those that the tests share. Where the wrong cannot be made in a few lines, the file
holds its docstring and a line `# Not made here: <why>`, which names the test that
makes it, if there is one.
"""

import ast
import io
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rounds.cli.main import app
from rounds.nouns import RoundsError

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "tests" / "errors" / "examples"
INSTEAD = "# Instead:"
NOT_MADE = "# Not made here:"


@dataclass(frozen=True)
class Example:
    """One code with what causes it and what to write instead."""

    code: str
    meaning: str
    wrong: str
    right: str
    not_made: str


def read_examples() -> tuple[Example, ...]:
    """Read every example, in the order of their codes."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.py")))


def _read(path: Path) -> Example:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    meaning = ast.get_docstring(tree) or ""
    after = "\n".join(text.splitlines()[tree.body[0].end_lineno :])
    wrong, _, right = after.partition(INSTEAD)
    not_made = ""
    if NOT_MADE in wrong:
        wrong, _, not_made = wrong.partition(NOT_MADE)
    return Example(
        code=path.stem,
        meaning=meaning,
        wrong=wrong.strip(),
        right=right.strip(),
        not_made=" ".join(not_made.replace("#", " ").split()),
    )


@cache
def codes_raised() -> dict[str, set[str]]:
    """Give every error code that the sources raise, with its families."""
    found: dict[str, set[str]] = {}
    for path in sorted((REPO / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            family = _family(node)
            if family is None:
                continue
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    found.setdefault(str(keyword.value.value), set()).add(family)
    return found


def _family(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    name = ast.unparse(node.func).rpartition(".")[2]
    return name if name.endswith("Error") else None


def run(code: str) -> RoundsError | None:
    """Run one half of an example in an empty folder; give the error it raises."""
    with _empty_folder() as folder:
        try:
            names = {"folder": folder, "command": command}
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                exec(compile(code, "example", "exec"), names)  # noqa: S102
        except RoundsError as error:
            for name in ("what", "why"):
                setattr(error, name, getattr(error, name).replace(str(folder), "…"))
            error.remedies = tuple(r.replace(str(folder), "…") for r in error.remedies)
            return error
    return None


def command(line: str) -> None:
    """Run a command; raise the error that would give its exit code."""
    tokens = shlex.split(line)[1:]
    app(tokens, exit_on_error=False, result_action="return_value")


@contextmanager
def _empty_folder() -> Iterator[Path]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)
