"""Tables of units that cannot be compared: refused in words, never told by a cell."""

import json

import pytest

from rounds.cli.main import main

COLUMNS = ("--numerator", "x", "--unit", "u")
PROPORTION = (*COLUMNS, "--denominator", "n")
RATE = (*PROPORTION, "--rate")
RATIO = (*COLUMNS, "--expected", "n")
SECRET = "Rosalind-19540712"

BAD = {
    "a denominator of zero beside events": (
        "A,1,0\nB,2,9",
        PROPORTION,
        "no denominator",
    ),
    "more events than persons": ("A,5,4\nB,2,9", PROPORTION, "above the denominator"),
    "an expectation of zero": ("A,5,0\nB,2,9", RATIO, "no expectation"),
    "an expectation below zero": ("A,5,-2\nB,2,9", RATIO, "expectation is below zero"),
    "a time below zero": ("A,5,-2\nB,2,9", RATE, "time at risk is below zero"),
    "a negative count": ("A,-5,4\nB,2,9", PROPORTION, "below zero"),
    "half an event": ("A,1.5,4\nB,2,9", PROPORTION, "whole"),
    "half a person": ("A,1,4.5\nB,2,9", PROPORTION, "whole"),
    "a word among the numbers": (f"A,{SECRET},4\nB,2,9", PROPORTION, "line 2"),
    "an empty cell": ("A,,4\nB,2,9", PROPORTION, "is empty"),
    "an infinity": ("A,1,inf\nB,2,9", RATIO, "line 2"),
    "one unit": ("A,1,4\nA,2,9", PROPORTION, "1 unit"),
    "no unit with anyone": ("A,0,0\nB,0,0", PROPORTION, "0 units"),
    "no event": ("A,0,4\nB,0,9", PROPORTION, "no event"),
    "nothing but events": ("A,4,4\nB,9,9", PROPORTION, "nothing but events"),
    "no event in a time": ("A,0,4.5\nB,0,9", RATE, "no event"),
    "a unit that changes its name": (
        f"{SECRET},1,4\nB,2,9\n{SECRET.upper()} ,3,9",
        PROPORTION,
        "another way",
    ),
    "a header alone": ("", PROPORTION, "no rows"),
    "a target beyond a proportion": (
        "A,1,4\nB,2,9",
        (*PROPORTION, "--target", "20"),
        "1",
    ),
    "a target of zero": ("A,1,4\nB,2,9", (*RATIO, "--target", "0"), "above 0"),
    "limits of 100%": ("A,1,4\nB,2,9", (*RATIO, "--limits", "100"), "levels"),
    "three limits": ("A,1,4\nB,2,9", (*RATIO, "--limits", "80,90,95"), "levels"),
    "two things to count against": (
        "A,1,4\nB,2,9",
        (*RATIO, "--denominator", "n"),
        "one thing",
    ),
    "a time at risk that is expected": (
        "A,1,4\nB,2,9",
        (*RATIO, "--rate"),
        "one thing",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(tmp_path, capsys, case):
    rows, options, words = BAD[case]
    path = tmp_path / "units.csv"
    path.write_text(f"u,x,n\n{rows}\n", encoding="utf-8")
    code = main(["problem", "funnel", str(path), *options, "--json"])
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert code in {10, 11}
    assert words in error["what"]
    assert error["remedies"]
    assert SECRET.lower() not in (told.out + told.err).lower()


def test_a_unit_with_nobody_is_named_and_not_compared(tmp_path, capsys):
    """A clinic without patients yet has no number, and does not stop the others."""
    path = tmp_path / "units.csv"
    path.write_text("u,x,n\nA,10,40\nB,0,0\nC,12,50\n", encoding="utf-8")
    assert main(["problem", "funnel", str(path), *PROPORTION, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["unit"] for one in told["units"]] == ["A", "C"]
    assert told["not_compared"] == ["B"]
    assert any("Nothing to compare in B" in note for note in told["notes"])
