"""Each family has its exit code, and each error its four parts and its example."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from rounds.nouns import RoundsError

DOCS = Path(__file__).parents[2] / "docs"
_spec = importlib.util.spec_from_file_location(
    "error_examples", DOCS / "error_examples.py"
)
error_examples = importlib.util.module_from_spec(_spec)
sys.modules["error_examples"] = error_examples
_spec.loader.exec_module(error_examples)

EXAMPLES = error_examples.read_examples()
FAMILIES = {
    "DefinitionError": 10,
    "DataError": 11,
    "AccessError": 12,
    "DisclosureError": 13,
    "DiagnosticError": 14,
    "SourceError": 15,
}


def test_each_family_has_an_exit_code_of_its_own():
    found = {
        family.__name__: family.exit_code for family in RoundsError.__subclasses__()
    }
    assert found == FAMILIES
    assert RoundsError.exit_code == 1
    assert not [
        one
        for family in RoundsError.__subclasses__()
        for one in family.__subclasses__()
    ]


def test_an_error_says_all_its_parts_to_people_and_to_programs():
    error = RoundsError("What.", code="a-code", why="Why.", remedies=("Try this.",))
    assert str(error) == (
        "What.\n\nWhy.\n\nTo address this, try one of the following:\n\n * Try this."
    )
    assert error.as_dict() == {
        "error": {
            "code": "a-code",
            "family": "RoundsError",
            "what": "What.",
            "why": "Why.",
            "remedies": ["Try this."],
        }
    }


def test_every_code_that_is_raised_has_an_example():
    raised = set(error_examples.codes_raised())
    shown = {example.code for example in EXAMPLES}
    assert raised - shown == set(), "write tests/errors/examples/<code>.py"
    assert shown - raised == set(), "no longer raised"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.code)
def test_an_example_causes_its_error_and_the_cure_cures(example):
    assert example.meaning
    if example.not_made:
        assert len(example.not_made) > 20
        for folder in re.findall(r"tests/\w+", example.not_made):
            tests = (DOCS.parent / folder).glob("*.py")
            assert any(f'"{example.code}"' in t.read_text("utf-8") for t in tests)
        return
    error = error_examples.run(example.wrong)
    assert error is not None, "nothing was raised"
    assert error.code == example.code
    assert 1 <= len(error.remedies) <= 3
    assert type(error).__name__ in error_examples.codes_raised()[example.code]
    if example.right:
        assert error_examples.run(example.right) is None
