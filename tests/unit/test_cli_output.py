import time

from rounds.cli import output
from rounds.nouns import Estimate, NotEstimable


def test_work_of_two_seconds_says_what_it_does(capsys):
    with output.working("counting"):
        time.sleep(2.3)
    assert "counting" in capsys.readouterr().err


def test_short_work_says_nothing(capsys):
    with output.working("counting"):
        pass
    assert capsys.readouterr().err == ""


def test_a_number_is_said_with_its_interval_and_unit():
    risk = {"value": 0.061, "lower": 0.02, "upper": 0.1, "scale": "risk_difference"}
    assert output.number(Estimate(**risk)) == "+6.1 points (95% interval +2.0 to +10.0)"
    share = risk | {"scale": "proportion"}
    assert output.number(Estimate(**share)) == "6.1% (95% interval 2.0 to 10.0)"
    mean = risk | {"scale": "mean_difference", "unit": "mm[Hg]"}
    assert output.number(Estimate(**mean), digits=2).startswith("+0.06 mm[Hg] (95%")


def test_a_sealed_or_missing_number_is_said_as_its_reason():
    sealed = Estimate(scale="risk_difference", sealed="sample ratio")
    assert output.number(sealed) == "sealed: sample ratio"
    assert output.number(NotEstimable(reason="no data")) == "not estimable: no data"


def test_columns_are_flush():
    lines = output.table(("site", "n"), [("a", "1,000"), ("long name", "7")])
    assert lines == ["site           n", "a          1,000", "long name      7"]
