"""A person lists opportunities, and opens one as a Problem."""

import json

import pytest
import yaml

from rounds.cli.main import main
from rounds.cli.output import utc_now
from rounds.conduct import Desk, Project, opened_problem
from rounds.conduct.plan import Plan
from rounds.nouns import DefinitionError, Opportunity, OpportunityList

CONTROL = "blood-pressure-control"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A made health system after one turn, and its list."""
    folder = tmp_path_factory.mktemp("list") / "demo"
    assert main(["demo", "--people", "3000", "--weeks", "4", "--out", str(folder)]) == 0
    assert main(["problem", "list", "--project", str(folder)]) == 0
    return folder


def ask(capsys, *arguments):
    capsys.readouterr()
    code = main([*map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_list_is_shown_and_published(project, capsys):
    code, out, _ = ask(capsys, "problem", "list", "--project", project, "--json")
    listed = json.loads(out)
    assert code == 0
    assert listed["list"]["ranked_by"] == "patients"
    assert listed["list"]["lines"][0]["rank"] == 1
    (kept,) = (project / "ledger" / "1-problems").glob("*-opportunity-list-*")
    entry = yaml.safe_load(kept.read_text())
    assert entry["ref"] == listed["ref"]
    assert entry["by"] == "Dr Rosa Lind"  # who owns the problem
    assert entry["noun"]["lines"] == listed["list"]["lines"]


def test_the_list_is_a_table_for_people(project, capsys):
    code, out, _ = ask(capsys, "problem", "list", "--project", project)
    assert code == 0
    assert "Blood pressure control " in out
    assert "nobody has said what is at stake" in out
    assert "HbA1c poor control: the datamart holds no" in out


def test_sites_are_not_listed_while_a_trial_runs_among_them(project, capsys):
    """Four weeks are too few to decide, so this trial still runs."""
    code, out, _ = ask(capsys, "problem", "list", "--project", project, "--json")
    listed = json.loads(out)["list"]
    assert code == 0
    assert {line["unit"] for line in listed["lines"]} == {None}
    assert any("while a trial runs" in each for each in listed["limitations"])


def test_no_site_is_named_by_what_explains_while_a_trial_runs(project, capsys):
    """The levels are told; sites, ranks and the picture of both measures are not."""
    code, out, _ = ask(
        capsys, "problem", "explain", CONTROL, "--project", project, "--balancing",
        "treatment-intensified", "--json",
    )  # fmt: skip
    found = json.loads(out)["partition"]
    assert code == 0
    assert found["sites"] == []
    assert found["levels"]
    assert "clinic-" not in out
    (kept,) = (project / "ledger" / "1-problems").glob("*-variance-partition-*")
    assert "clinic-" not in kept.read_text()


def test_stakes_weigh_the_list(project, capsys):
    said = {"lower": 0.02, "upper": 0.1, "value": 0.05, "source": "the board"}
    plain = {
        "perspective": "the health system",
        "currency": "EUR",
        "worth": 50_000,
        "stakes": [
            {"measure": CONTROL, "health": said, "cost": said, "changeable": said}
        ],
    }
    (project / "stakes.yaml").write_text(yaml.safe_dump(plain))
    code, out, _ = ask(capsys, "problem", "list", "--project", project)
    (project / "stakes.yaml").write_text("perspective: mine\n")
    broken, _, err = ask(capsys, "problem", "list", "--project", project)
    (project / "stakes.yaml").unlink()
    assert code == 0
    assert "ranked by net health benefit" in out
    assert broken == 10
    assert "stakes" in err


def test_a_line_becomes_a_problem_with_baseline_aim_and_community(project, capsys):
    code, out, _ = ask(
        capsys, "problem", "open", CONTROL, "--project", project, "--owner", "Bo Lind",
        "--title", "Control for all", "--by", "2027-06-30", "--json",
    )  # fmt: skip
    found = json.loads(out)["problem"]
    assert code == 0
    assert found["owner"] == "Bo Lind"
    assert found["title"] == "Control for all"
    assert found["aim"]["by"] == "2027-06-30"
    assert found["baseline"]["value"] < found["aim"]["target"] < 1
    assert found["community"].startswith("community/hypertension-control|")
    assert found["measure"].startswith(f"measure/{CONTROL}|")


def test_what_was_not_listed_is_not_opened(project, capsys):
    code, _, err = ask(capsys, "problem", "open", "bp", "--project", project)
    assert code == 10
    assert CONTROL in err


def test_a_hidden_line_or_a_measure_that_changed_is_not_opened(project, monkeypatch):
    opened = Project.open(project)
    plan = Plan.load(opened.plan_path).problem
    with Desk.open(opened, now=utc_now, by="Bo") as desk:
        found = desk.latest(OpportunityList)
        measure = desk.measure(CONTROL)
        hidden = Opportunity(measure=measure.ref(), suppressed=True)
        latest = {"lines": (hidden,)}
        with pytest.raises(DefinitionError) as caught:
            opened_problem(desk, plan, "bp")
        assert caught.value.code == "opportunity-unknown"
        monkeypatch.setattr(Desk, "latest", lambda *_: found.model_copy(update=latest))
        with pytest.raises(DefinitionError) as caught:
            opened_problem(desk, plan, CONTROL)
        assert caught.value.code == "opportunity-hidden"
        changed = measure.model_copy(update={"title": "Another"})
        monkeypatch.setattr(Desk, "measure", lambda *_: changed)
        with pytest.raises(DefinitionError) as caught:
            opened_problem(desk, plan, CONTROL)
        assert caught.value.code == "opportunity-outdated"


def test_lists_of_almost_the_same_days_are_not_both_published(project, capsys):
    """Subtracted, they would say of the few who came between whether they do well."""
    told = []
    for end in ("2026-01-31", "2026-01-30", "2026-01-29"):
        code, out, _ = ask(
            capsys, "problem", "list", "--project", project, "--to", end, "--json"
        )
        assert code == 0
        told.append(
            {
                line["measure"]: (line["denominator"], line["numerator"])
                for line in json.loads(out)["list"]["lines"]
            }
        )
    for ref in {ref for each in told for ref in each}:
        counts = [each[ref] for each in told if ref in each]
        for one in counts:
            for other in counts:
                few = [abs(a - b) for a, b in zip(one, other, strict=True)]
                assert not any(1 <= n <= 10 for n in few), ref
    assert sum(map(len, told)) < 3 * max(map(len, told))  # something was left out
