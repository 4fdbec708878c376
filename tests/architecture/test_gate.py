"""Every door shows counts and persons through the gate, and through nothing else."""

import ast

import pytest

DOORS = {"cli", "web", "reports"}
EXACT = {
    "rounds.datamart": {
        "export_omop",
        "members_of",
        "members_of_each",
        "members_of_months",
        "members_over",
        "origins",
        "run_cohorts",
        "run_cohorts_with_members",
        "run_measure",
        "run_measure_over",
        "write_subjects",
    },
    "rounds.ledger": {
        "problem_without",
        "safe",
        "safe_cohort_result",
        "safe_counts",
        "safe_measure_result",
        "safe_populations",
        "safe_results",
    },
}
"""What gives exact counts or persons, and what the gate alone makes of them."""


def taken(tree: ast.Module) -> list[str]:
    """Give what a file takes from a room that the gate stands before."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for room, names in EXACT.items():
            if node.module == room or node.module.startswith(f"{room}."):
                found += [one.name for one in node.names if one.name in names]
    return found


def test_no_door_takes_exact_counts_or_persons_past_the_gate(sources):
    wrong = {str(s): taken(s.tree) for s in sources if s.room in DOORS}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "from rounds.datamart import run_measure",
        "from rounds.datamart.lineage.origins import write_subjects",
        "from rounds.datamart.cohorts import run_cohorts",
        "def run():\n    from rounds.ledger import safe_results",
    ],
)
def test_a_planted_way_round_is_caught(planted):
    assert len(taken(ast.parse(planted))) == 1


def test_the_gate_is_where_exact_counts_are_taken(sources):
    """Otherwise the test above would guard an empty house.

    Cohorts it takes with who is in them, and never without.
    """
    gate = {n for s in sources if s.room == "conduct" for n in taken(s.tree)}
    assert gate >= EXACT["rounds.datamart"] - {"run_cohorts"}
