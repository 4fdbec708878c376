"""The ring closes: what each step gives is what the next one takes."""

from importlib import import_module
from types import SimpleNamespace

import pytest

from rounds.loop import STEPS
from rounds.nouns import Decision, Evidence, Problem


def broken_links(steps):
    """List each place where a step does not take what the one before gives."""
    found = []
    for i, (name, step) in enumerate(steps):
        before, giver = steps[i - 1]
        if step.TAKES is not giver.GIVES:
            found.append(
                f"{name} takes {step.TAKES.__name__}, {before} gives {giver.GIVES.__name__}"
            )
    return found


def the_steps():
    return [(name, import_module(f"rounds.loop.{name}")) for name in STEPS]


def test_there_are_five_steps_in_order():
    """The house's words, in the house's order."""
    assert STEPS == ("problem", "evidence", "change", "evaluation", "decision")


def test_each_step_takes_what_the_one_before_gives():
    """And problem takes the Decision of the turn before."""
    steps = the_steps()
    assert broken_links(steps) == []
    assert steps[0][1].TAKES is Decision


def test_each_step_has_one_verb_and_says_what_it_is_for():
    """`run`, and a docstring that says what it is for."""
    for name, step in the_steps():
        assert callable(step.run), name
        assert step.__doc__, name
        assert {"GIVES", "TAKES", "run"} <= set(step.__all__), name


def test_every_step_is_in_the_drawing():
    """The drawing at the loop's door names all five."""
    drawing = import_module("rounds.loop").__doc__
    assert all(name in drawing for name in STEPS)


@pytest.mark.parametrize("planted", [0, 1])
def test_a_planted_violation_is_seen(planted):
    """A step that takes another noun than the one before gives is named."""
    steps = [
        ("problem", SimpleNamespace(TAKES=Decision, GIVES=Problem)),
        ("evidence", SimpleNamespace(TAKES=Problem, GIVES=Decision)),
    ]
    assert broken_links(steps) == []
    name, step = steps[planted]
    step.TAKES = Evidence
    before, giver = steps[planted - 1]
    gives = giver.GIVES.__name__
    assert broken_links(steps) == [f"{name} takes Evidence, {before} gives {gives}"]
