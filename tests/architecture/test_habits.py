"""Names, and things that no room does: print, exit, look at the clock, name a machine."""

import ast
import re
from pathlib import Path

FORBIDDEN_FILES = {
    "common",
    "data",
    "handler",
    "handlers",
    "helper",
    "helpers",
    "info",
    "manager",
    "managers",
    "misc",
    "nextgen",
    "process",
    "util",
    "utils",
}
# `rounds data load` is a command, and each command group has its file.
ALLOWED_FILES = {"src/rounds/cli/data.py"}
FORBIDDEN_WORDS = re.compile(
    r"(^|_)(utils?|helpers?|misc|managers?|handlers?|nextgen|v2)(_|$)|^do_"
)

DOORS = {"cli", "web"}
"""Where the clock, identifiers and random numbers come from."""


def words(name: str) -> str:
    """Write CamelCase as camel_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def bad_names(tree: ast.Module) -> list[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = [node.name for node in ast.walk(tree) if isinstance(node, kinds)]
    return [name for name in names if FORBIDDEN_WORDS.search(words(name).strip("_"))]


def calls(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    """Give every call with its dotted name."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(ast.unparse(node.func), node) for node in nodes]


def test_no_file_bears_a_name_that_says_nothing(repo):
    wrong = [
        path
        for folder in ("src", "tests")
        for path in (repo / folder).rglob("*.py")
        if path.stem in FORBIDDEN_FILES
        and path.relative_to(repo).as_posix() not in ALLOWED_FILES
    ]
    folders = [p for p in (repo / "src").rglob("*") if p.is_dir()]
    wrong += [p for p in folders if p.name in FORBIDDEN_FILES]
    assert wrong == []


def test_no_function_or_class_bears_a_name_that_says_nothing(sources):
    wrong = {str(source): bad_names(source.tree) for source in sources}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_planted_bad_names_are_caught():
    tree = ast.parse("class CardManager: ...\ndef load_utils(): ...\ndef do_it(): ...")
    assert bad_names(tree) == ["CardManager", "load_utils", "do_it"]


def leaves(tree: ast.Module) -> list[str]:
    """Give what prints or exits."""
    talk = {"print", "sys.exit", "exit", "quit", "os._exit"}
    found = [name for name, _ in calls(tree) if name in talk]
    raised = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return found + [n for n in map(ast.unparse, raised) if "SystemExit" in n]


def test_only_the_command_line_prints_and_exits(sources):
    wrong = {str(s): leaves(s.tree) for s in sources if s.room != "cli"}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_a_planted_print_is_caught():
    assert leaves(ast.parse("import sys\nprint(1)\nsys.exit()")) == [
        "print",
        "sys.exit",
    ]


AIR = re.compile(
    r"(^|\.)(now|utcnow|today)$|^(uuid\.)?uuid[14]$|^time\.time(_ns)?$|"
    r"^(np|numpy)\.random\.(seed|rand|randn|random|choice|normal|binomial)$|"
    r"^random\.(random|choice|shuffle|randint|seed|sample)$"
)


def from_the_air(tree: ast.Module) -> list[str]:
    """Give calls that take time, identifiers or random numbers from the air."""
    found = []
    for name, node in calls(tree):
        unseeded = name.endswith("default_rng") and not (node.args or node.keywords)
        # `self.now()` and `desk.now()` call a clock that was handed in.
        handed = name.endswith(".now") and "datetime" not in name
        if unseeded or (AIR.search(name) and not handed and name != "now"):
            found.append(name)
    return found


def test_clock_identifiers_and_chance_are_handed_in_from_the_doors(sources):
    wrong = {str(s): from_the_air(s.tree) for s in sources if s.room not in DOORS}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_a_planted_look_at_the_clock_is_caught():
    planted = "datetime.now()\ndt.date.today()\nuuid.uuid4()\nnp.random.default_rng()"
    assert len(from_the_air(ast.parse(planted))) == 4
    assert from_the_air(ast.parse("self.now()\nnp.random.default_rng(7)")) == []


MACHINE = re.compile(r"(?<![\w.:/~-])/(?:work|home|root|Users|mnt|opt/[a-z]+)/[\w.]+")


def machine_paths(path: Path) -> list[str]:
    return MACHINE.findall(path.read_text("utf-8", "replace"))


def test_no_file_names_a_place_on_somebody_s_machine(texts):
    wrong = {str(path): machine_paths(path) for path in texts}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_a_planted_path_is_caught(tmp_path):
    path = tmp_path / "planted.md"
    path.write_text("see " + "/home" + "/ana/rounds and https://example.org/home/x")
    assert len(machine_paths(path)) == 1


def test_only_tests_and_benches_look_beside_the_repository(texts, repo):
    wrong = [
        str(path)
        for path in texts
        if "../" + "shared" in path.read_text("utf-8", "replace")
        and path.relative_to(repo).parts[0] not in {"tests", "bench"}
    ]
    assert wrong == []
