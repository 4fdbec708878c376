import stat

import pytest

from rounds.conduct import Plan, Project
from rounds.nouns import AccessError, DataError, DefinitionError


def test_a_new_project_is_plain_text_with_a_private_folder(tmp_path):
    project = Project.init(tmp_path / "h", source=tmp_path)
    assert Project.open(tmp_path / "h") == project
    assert stat.S_IMODE(project.private.stat().st_mode) == 0o700
    assert project.settings["data"]["source"] == str(tmp_path)
    assert "private/" in (project.root / ".gitignore").read_text()
    assert Plan.load(project.plan_path).problem.measure == "blood-pressure-control"


def test_a_name_with_quotes_makes_valid_settings(tmp_path):
    project = Project.init(tmp_path / 'o"h\\x', source=None)
    assert project.settings["name"] == 'o"h\\x'


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="not an empty folder"):
        Project.init(tmp_path, source=None)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_without_settings_is_not_a_project(tmp_path):
    with pytest.raises(DefinitionError, match=r"no rounds\.toml"):
        Project.open(tmp_path)


def test_a_demo_removes_only_a_demo(tmp_path):
    site = Project.init(tmp_path / "site", source=None)
    with pytest.raises(DataError, match="not a demo"):
        site.remove_demo()
    assert site.settings_path.exists()
    demo = Project.init(tmp_path / "demo", source=None, demo=True)
    demo.remove_demo()
    assert not demo.root.exists()


def test_a_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    project = Project.init(tmp_path / "h", source=None)
    first = project.secret("a.seed")
    assert len(first) == 32
    assert project.secret("a.seed") == first
    assert project.secret("b.seed") != first
    path = project.private / "a.seed"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(AccessError, match="read by others"):
        project.secret("a.seed")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("problem: [", "not YAML"),
        ("problem: {name: a}", "problem.title"),
        ("evidence: {}", "problem"),
    ],
)
def test_a_bad_plan_is_refused_with_every_problem(tmp_path, text, said):
    path = tmp_path / "turn.yaml"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=said):
        Plan.load(path)


def test_a_step_that_the_plan_does_not_say_is_named(tmp_path):
    project = Project.init(tmp_path / "h", source=None)
    with pytest.raises(DefinitionError, match="no section 'change'"):
        Plan.load(project.plan_path).need("change")


def test_the_demo_plan_is_whole():
    from importlib.resources import files

    from rounds.conduct.demo import beginning

    for name in beginning.CONTENT:
        assert (files("rounds.conduct.demo") / name).is_file()
    plan = Plan.from_yaml((files("rounds.conduct.demo") / "turn.yaml").read_text())
    assert None not in (plan.evidence, plan.change, plan.decision)
    assert plan.change.protocol.endpoints[0].role == "primary"


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError) as caught:
        Project.init(tmp_path / "notes.txt" / "h", source=None)
    assert caught.value.code == "folder-not-made"


@pytest.mark.parametrize("text", [b"data = 3", b"cds = []", b"name = ", b"\xff"])
def test_settings_that_are_none_are_refused(tmp_path, text):
    project = Project.init(tmp_path / "h", source=None)
    project.settings_path.write_bytes(text)
    with pytest.raises(DefinitionError) as caught:
        _ = project.settings
    assert caught.value.code == "bad-settings"
