"""Studies that cannot be pooled: refused in words, never told by a cell."""

import json

import pytest

from rounds.cli.main import main

EFFECTS = ("--effect", "y", "--se", "s", "--study", "t")
COUNTS = ("--events1", "a", "--n1", "m", "--events2", "b", "--n2", "n", "--study", "t")
SECRET = "Rosalind-19540712"

ROWS = "A,0.1,0.2\nB,0.3,0.2\nC,0.2,0.1"
TABLES = "A,3,50,5,50\nB,6,60,9,60\nC,2,40,2,40"

BAD = {
    "one study": ("A,0.1,0.2", EFFECTS, "one study"),
    "no study": ("", EFFECTS, "no rows"),
    "a standard error of zero": (
        "A,0.1,0\nB,0.3,0.2",
        EFFECTS,
        "above zero, on line 2",
    ),
    "a negative one": ("A,0.1,0.2\nB,0.3,-0.2", EFFECTS, "above zero, on line 3"),
    "no number": (f"A,{SECRET},0.2\nB,0.3,0.2", EFFECTS, "line 2"),
    "an empty cell": ("A,,0.2\nB,0.3,0.2", EFFECTS, "is empty on line 2"),
    "not a number": ("A,NaN,0.2\nB,0.3,0.2", EFFECTS, "line 2"),
    "an infinity": ("A,0.1,inf\nB,0.3,0.2", EFFECTS, "line 2"),
    "a number past squaring": ("A,1e200,1\nB,0.3,0.2", EFFECTS, "squared, on line 2"),
    "no such column": (ROWS, ("--effect", "z", "--se", "s"), 'no column "z"'),
    "one column twice": (ROWS, ("--effect", "y", "--se", "y"), "four counts"),
    "no standard errors": (ROWS, ("--effect", "y"), "four counts"),
    "nothing named": (ROWS, (), "four counts"),
    "three counts": (TABLES, COUNTS[2:], "four counts"),
    "effects and counts": (TABLES, (*COUNTS, "--effect", "y", "--se", "s"), "four"),
    "a measure of effects": (ROWS, (*EFFECTS, "--measure", "or"), "four counts"),
    "effects cell by cell": (ROWS, (*EFFECTS, "--method", "mh"), "needs counts"),
    "a level of 100%": (ROWS, (*EFFECTS, "--level", "100"), "the level"),
    "a level as a share": (ROWS, (*EFFECTS, "--level", "0.95"), "50 and 100 percent"),
    "an interval of none": (
        ROWS,
        (*EFFECTS, "--method", "bayes", "--interval", "hksj"),
        "none of the method bayes",
    ),
    "a prediction of one effect": (
        ROWS,
        (*EFFECTS, "--method", "fixed", "--prediction", "k-2"),
        "no prediction interval",
    ),
    "a prior for none": (ROWS, (*EFFECTS, "--tau-scale", "0.5"), "no prior"),
    "a prior of no width": (
        ROWS,
        (*EFFECTS, "--method", "bayes", "--tau-scale", "0"),
        "scale of the prior",
    ),
    "half an estimate": (ROWS, (*EFFECTS, "--ours-se", "0.1"), "standard error"),
    "an estimate with no error": (
        ROWS,
        (*EFFECTS, "--ours", "0.1", "--ours-se", "0"),
        "your own",
    ),
    "no doubt at all": (
        ROWS,
        (*EFFECTS, "--ours", "0.1", "--ours-se", "0.1", "--vague-weight", "0"),
        "vague",
    ),
    "no spread to scale by": (
        "A,0.1,0.2\nB,0.1,0.3\nC,0.1,0.1",
        (*EFFECTS, "--interval", "hksj"),
        "no spread",
    ),
    "more events than persons": ("A,3,2,1,5\nB,1,5,1,5", COUNTS, "more events"),
    "an empty arm": ("A,0,0,1,5\nB,1,5,1,5", COUNTS, "no persons, on line 2"),
    "half a person": ("A,1,2.5,1,5\nB,1,5,1,5", COUNTS, "whole"),
    "a negative count": ("A,-1,5,1,5\nB,1,5,1,5", COUNTS, "below zero"),
    "tables that tell nothing": ("A,0,5,0,5\nB,1,5,1,5", COUNTS, "all tables but 1"),
    "an infinite ratio": (
        "A,0,5,1,5\nB,0,5,2,5",
        (*COUNTS, "--method", "mh"),
        "zero or infinite",
    ),
}


def asked(capsys, tmp_path, rows, options):
    path = tmp_path / "trials.csv"
    header = "t,a,m,b,n" if "--events2" in options else "t,y,s"
    path.write_text(f"{header}\n{rows}\n", encoding="utf-8")
    code = main(["evidence", "pool", str(path), *options, "--json"])
    return code, capsys.readouterr()


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(tmp_path, capsys, case):
    rows, options, words = BAD[case]
    code, told = asked(capsys, tmp_path, rows, options)
    error = json.loads(told.out)["error"]
    assert code in (10, 11)
    assert words in error["what"], error
    assert error["remedies"]
    for part in (told.out, told.err):
        assert SECRET not in part
        assert "Traceback" not in part


@pytest.mark.parametrize("rows", [ROWS, "A,0.1,0.2\nB,0.3,0.2"])
@pytest.mark.parametrize("method", ["fixed", "dl", "reml", "pm", "bayes"])
def test_few_studies_are_pooled_and_what_they_cannot_tell_has_its_reason(
    tmp_path, capsys, rows, method
):
    """Two and three studies: no test of small-study effects; with two, no prediction
    interval but the Bayesian one, and nothing to leave out."""
    code, told = asked(capsys, tmp_path, rows, (*EFFECTS, "--method", method))
    found = json.loads(told.out)
    assert code == 0
    assert "10 studies" in found["small_study_effects"]["reason"]
    assert found["lower"] < found["estimate"] < found["upper"]
    two = found["k"] == 2
    if method == "fixed":
        assert "One effect" in found["prediction"]["reason"]
    elif two and method != "bayes":
        assert "three studies" in found["prediction"]["reason"]
    else:
        assert found["prediction"]["lower"] <= found["lower"] + 1e-12
    assert ("three studies" in str(found["leave_one_out"])) is two
