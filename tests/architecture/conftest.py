"""The repository, read as data."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
ELSEWHERE = {"build", "demo", "dist", "node_modules", "site"}


@dataclass(frozen=True)
class SourceFile:
    """One Python file: where it is, what it says."""

    path: Path
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The top-level room, `ledger`; the package's own files have none."""
        parts = self.path.relative_to(REPO / "src" / "rounds").parts
        return parts[0] if len(parts) > 1 else ""

    def __str__(self) -> str:
        return self.path.relative_to(REPO).as_posix()


@pytest.fixture(scope="session")
def repo() -> Path:
    return REPO


@pytest.fixture(scope="session")
def package() -> Path:
    return REPO / "src" / "rounds"


@pytest.fixture(scope="session")
def sources() -> tuple[SourceFile, ...]:
    """Every Python file of the package."""
    paths = sorted((REPO / "src").rglob("*.py"))
    return tuple(SourceFile(path, path.read_text("utf-8")) for path in paths)


@pytest.fixture(scope="session")
def texts() -> tuple[Path, ...]:
    """Every text file of the repository that people wrote."""
    return tuple(_texts(REPO))


def _texts(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in {".ci", ".gitignore"}
        if hidden or path.name in ELSEWHERE or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _texts(path)
        elif b"\0" not in path.read_bytes()[:4096]:
            yield path
