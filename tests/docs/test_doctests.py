"""The examples in docstrings run and print what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
SOURCE = REPO / "src"
MODULES = sorted(
    path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")
    for path in SOURCE.rglob("*.py")
    if ">>>" in path.read_text("utf-8")
)


def test_there_are_examples():
    assert len(MODULES) >= 5


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name):
    module = importlib.import_module(name.removesuffix(".__init__"))
    assert doctest.testmod(module).failed == 0
