"""`rounds demo --allocation`: each goes round the whole loop, and is graded."""

import os

import pytest

from rounds.conduct.demo import DemoOptions, run_demo
from rounds.practice import Practice
from rounds.reports import render
from rounds.school import grade

ALL = "ROUNDS_ALLOCATIONS" in os.environ
"""`make test-allocations` tries them all; each takes seconds."""
WORDS = {
    "matched_pairs": "one of each matched pair",
    "covariate_constrained": "of allocations that balance best",
    "minimisation": "minimisation with a coin of 0.8",
}


@pytest.mark.parametrize("allocation", WORDS if ALL else ("minimisation",))
def test_each_allocation_goes_round_the_loop(tmp_path, allocation):
    """Its checks pass, its analysis is its own, and the interval holds the truth."""
    from rounds.cli.demo import story_of

    options = DemoOptions(
        people=2_500,
        weeks=8,
        n_clinics=15,
        seed=3,
        allocation=allocation,
        watch=False,
        publish_files=False,
        threads=1,
    )
    done = run_demo(tmp_path / "demo", options)
    assert done.protocol.allocation == done.rollout.design.allocation == allocation
    ratio = next(d for d in done.evaluation.diagnostics if d.name == "sample_ratio")
    assert ratio.verdict == "pass"
    graded = grade(done)
    assert graded.effect.covered
    with Practice.open(done.project.private / "practice.sqlite") as practice:
        basis = practice.basis(done.rollout.ref())
        placed = practice.assignments(done.rollout.ref())
    assert set(basis) == set(placed)
    assert done.rollout.left_out == (1 if allocation == "matched_pairs" else 0)
    tested = done.evaluation.randomisation_test
    assert (tested is None) == (allocation == "minimisation")
    page = render(story_of(done, graded), tmp_path / "report.html").read_text("utf-8")
    assert WORDS[allocation] in page
    assert ("allocations that could have been drawn" in page) == (tested is not None)
