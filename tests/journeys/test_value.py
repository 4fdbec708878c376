"""Somebody counts the cost: of a table, and of a turn from its first card to a year on."""

import json

import numpy as np
import pytest

from rounds.cli.main import main
from rounds.conduct.demo import DemoOptions, run_demo
from rounds.ledger import Ledger
from rounds.nouns import Estimate, Evaluation, NotEstimable, Value
from rounds.practice import Practice
from rounds.reports.brief import brief_html
from rounds.reports.report import render_html
from rounds.web.stories import story_at

TABLE = (
    "--design cluster --arm arm --cluster clinic --effect controlled --cost cost "
    "--worth 500 --currency USD --perspective the-payer"
)


@pytest.fixture
def sheet(tmp_path):
    """Twelve clinics of five, by the rule that the crosscheck with R has, too."""
    i, j = np.repeat(np.arange(12), 5), np.tile(np.arange(5), 12)
    arm = i % 2
    cost = 100 + 7 * ((3 * i + 2 * j) % 5) + 3 * ((5 * i) % 7) + 6 * arm
    effect = ((i + 2 * j) % 3 == 0) + 0.4 * arm + 0.05 * ((2 * i) % 5)
    lines = ["clinic,arm,controlled,cost"]
    lines += [
        f"{a},{b},{c},{d}" for a, b, c, d in zip(i, arm, effect, cost, strict=True)
    ]
    file = tmp_path / "trial.csv"
    file.write_text("\n".join(lines))
    return file


def asked(capsys, sheet, words):
    code = main(["evaluation", "value", str(sheet), *words.split(), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_table_gives_what_r_gives(capsys, sheet):
    code, found = asked(capsys, sheet, TABLE.replace("500", "200"))
    assert code == 0
    assert found["net_benefit"]["estimate"] == pytest.approx(76.333333333333)
    assert found["net_benefit"]["lower"] == pytest.approx(38.806847361615)
    assert found["cost_per_outcome"]["upper"] == pytest.approx(50.96371201639)
    assert found["df"] == pytest.approx(10)
    assert [point["worth"] for point in found["curve"]][::20] == [0, 400]


def test_a_curve_is_drawn_and_told_in_lines(capsys, sheet, tmp_path):
    svg = tmp_path / "curve.svg"
    words = [*TABLE.split(), "--svg", str(svg)]
    assert main(["evaluation", "value", str(sheet), *words]) == 0
    said = capsys.readouterr().out
    assert "net benefit" in said
    assert "worth its price" in said
    assert svg.read_text().startswith(("<svg", "<?xml"))


def test_where_less_is_better_the_signs_turn(capsys, sheet):
    _, more = asked(capsys, sheet, TABLE)
    _, less = asked(capsys, sheet, f"{TABLE} --better lower")
    assert less["effect"]["estimate"] == -more["effect"]["estimate"]
    assert less["cost_per_outcome"] is None
    assert "loss" in less["no_ratio"]


def test_a_failed_check_tells_no_amount(capsys, sheet):
    header, *rows = sheet.read_text().split("\n")
    rows = [
        row if row.split(",")[1] == "0" else ",".join([*row.split(",")[:2], "", ""])
        for row in rows
    ]  # no outcome is known in the active arm
    sheet.write_text("\n".join([header, *rows]))
    code, found = asked(capsys, sheet, TABLE)
    assert code == 0
    assert found["net_benefit"] is None
    assert found["effect"] is None
    assert found["not_estimable"]


@pytest.mark.parametrize(
    "words",
    [TABLE.replace("--worth 500", "--worth -1"), TABLE.replace("USD", "dollars")],
)
def test_what_cannot_be_asked_is_refused(capsys, sheet, words):
    code, found = asked(capsys, sheet, words)
    assert code != 0
    assert found["error"]["code"] == "value-asked"


@pytest.fixture(scope="module")
def turn(tmp_path_factory):
    """A small system with a strong card, lived on for more than a year."""
    folder = tmp_path_factory.mktemp("priced") / "demo"
    options = DemoOptions(
        people=2500, n_clinics=16, weeks=20, seed=3, effect=0.25, lasting=True
    )
    return run_demo(folder, options)


def test_the_turn_counts_its_cost_and_who_took_it_up(turn):
    value = turn.evaluation.value
    assert isinstance(value, Value)
    assert value.perspective == turn.protocol.costs.perspective
    assert isinstance(value.net_benefit, Estimate)
    assert {line.name for line in value.lines} >= {"Antihypertensive orders"}
    uptake, burden = turn.evaluation.reach.uptake, turn.evaluation.reach.burden
    assert uptake.clinics.n == 8
    assert isinstance(uptake.clinicians, Estimate)
    assert 0 < burden.cards.value < 10


def test_a_clinician_is_a_pseudonym_everywhere(turn):
    with Practice.open(turn.project.practice) as practice:
        query = "select distinct clinician from caller"
        with practice.engine.connect() as connection:
            names = [name for (name,) in connection.exec_driver_sql(query)]
    assert len(names) > 16
    assert all(len(name) == 20 and int(name, 16) >= 0 for name in names)
    told = turn.evaluation.to_json()
    assert not any(name in told for name in names)


def test_an_adopted_change_is_looked_at_after_half_a_year_and_a_year(turn):
    assert turn.decision.decided == "adopt"
    half, year = turn.maintenance.at
    assert (half.months, year.months) == (6, 12)
    for one in (half, year):
        assert isinstance(one.rate, Estimate)
        # The world goes on as it was: what the card gives is still there.
        assert one.kept.lower < 1 < one.kept.upper
        assert one.delivered.value > 0.9
        assert isinstance(one.settings, Estimate)


def test_a_report_and_a_sponsors_page_show_the_price_and_whether_it_lasts(turn):
    with Ledger.open(turn.project.registry) as ledger:
        story = story_at(ledger, turn.decision)
    page, brief = render_html(story), brief_html(story)
    for text in (page, brief):
        assert "Month 12" in text
        assert "USD" in text
        assert "a clinician and day" in text
    assert "At what price?" in page
    assert "Probability that it is worth its price" in page
    assert "No cost is in the record" not in brief


def test_a_modification_is_logged_and_divides_the_effect(turn, capsys):
    entry = (
        "--on 2025-03-10 --what shorter --modified content --level clinician "
        "--goal read --planned --fidelity-consistent"
    )
    words = [*entry.split(), "--decided-by", "Dr Lind"]
    place = ["--project", str(turn.project.root), "--json"]
    assert main(["change", "log", *words, *place]) == 0
    logged = json.loads(capsys.readouterr().out)["modification"]
    assert logged["name"].endswith("-modification-1")
    assert main(["evaluation", "run", *place]) == 0
    told = json.loads(capsys.readouterr().out)["evaluation"]
    phases = Evaluation.model_validate(told).phases
    assert [str(one.since) for one in phases] == ["2025-01-06", "2025-03-10"]
    assert not any(isinstance(one.estimate, NotEstimable) for one in phases)
