"""Files and functions stay readable: 400 lines, 60 lines; the nouns an evening."""

import ast
from pathlib import Path

MAX_FILE = 400
MAX_FUNCTION = 60
MAX_NOUNS = 3750
"""Lines that are not blank."""
NOT_OURS = {"circe.py"}
"""In nouns/, but of words that are another's: the form of an OHDSI Circe expression."""

# Path from the repository's root → why it may be longer.
LONGER: dict[str, str] = {}


def long_files(paths: list[Path]) -> dict[str, int]:
    """Give the files that are too long, with their lines."""
    counts = {str(path): len(path.read_text("utf-8").splitlines()) for path in paths}
    return {path: count for path, count in counts.items() if count > MAX_FILE}


def long_functions(path: Path) -> dict[str, int]:
    """Give the functions of a file that are too long, docstring not counted."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = node.body[0] if ast.get_docstring(node) else None
            spoken = told.end_lineno - told.lineno + 1 if told else 0
            lines = node.end_lineno - node.lineno + 1 - spoken
            if lines > MAX_FUNCTION:
                found[f"{path}:{node.name}"] = lines
    return found


def test_no_file_is_longer_than_400_lines(repo):
    paths = [*(repo / "src").rglob("*.py"), *(repo / "tests").rglob("*.py")]
    found = long_files(paths)
    assert {p for p in found if str(Path(p).relative_to(repo)) not in LONGER} == set()


def test_no_function_is_longer_than_60_lines(repo):
    found = {}
    for path in (repo / "src").rglob("*.py"):
        found |= long_functions(path)
    assert found == {}


def test_the_exceptions_are_still_needed(repo):
    for name, reason in LONGER.items():
        assert reason
        assert long_files([repo / name])


def test_the_nouns_can_be_read_in_an_evening(package):
    paths = (package / "nouns").rglob("*.py")
    ours = [path for path in paths if path.name not in NOT_OURS]
    lines = [line for path in ours for line in path.read_text("utf-8").splitlines()]
    total = sum(bool(line.strip()) for line in lines)
    assert total <= MAX_NOUNS, f"nouns/ has {total} lines"


def test_a_planted_long_file_is_caught(tmp_path):
    path = tmp_path / "planted.py"
    path.write_text("x = 1\n" * (MAX_FILE + 1))
    assert long_files([path]) == {str(path): MAX_FILE + 1}
    path.write_text("x = 1\n" * MAX_FILE)
    assert long_files([path]) == {}


def test_a_planted_long_function_is_caught(tmp_path):
    path = tmp_path / "planted.py"
    path.write_text(
        'def f():\n    """Say.\n\n    More.\n    """\n' + "    x = 1\n" * 60
    )
    assert long_functions(path) == {f"{path}:f": 61}
    path.write_text(
        'def f():\n    """Say.\n\n    More.\n    """\n' + "    x = 1\n" * 59
    )
    assert long_functions(path) == {}
