"""A sceptic with a table of trials pools them at the command line."""

import csv
import json
import math
import re
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.methods.pooling.pooled import pool
from rounds.methods.pooling.tables import mantel_haenszel, of_tables
from rounds.reports.charts import NARROW, WIDE
from rounds.reports.plain_language import flesch_kincaid_grade

SVG = "{http://www.w3.org/2000/svg}"
# Vaccination against tuberculosis, metafor's dat.bcg: events and persons of two arms.
TRIALS = """\
trial,e1,n1,e2,n2
Aronson 1948,4,123,11,139
Ferguson & Simes 1949,6,306,29,303
Rosenthal 1960,3,231,11,220
Sutherland 1977,62,13598,248,12867
Frimodt-Moller 1973,33,5069,47,5808
Stein & Aronson 1953,180,1541,372,1451
Vandiviere 1973,8,2545,10,629
TPT Madras 1980,505,88391,499,88391
Coetzee & Berjak 1968,29,7499,45,7277
Rosenthal 1961,17,1716,65,1665
Comstock 1974,186,50634,141,27338
Comstock & Webster 1969,5,2498,3,2341
Comstock 1976,27,16913,29,17854
"""
COUNTS = [
    "--events1",
    "e1",
    "--n1",
    "n1",
    "--events2",
    "e2",
    "--n2",
    "n2",
    "--study",
    "trial",
]
EFFECTS = ["--effect", "yi", "--se", "sei", "--study", "trial"]


def columns():
    rows = list(csv.DictReader(TRIALS.splitlines()))
    names = [row["trial"] for row in rows]
    return names, [
        np.array([int(row[c]) for row in rows]) for c in ("e1", "n1", "e2", "n2")
    ]


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "bcg.csv"
    path.write_text(TRIALS, encoding="utf-8")
    return path


@pytest.fixture
def effects(tmp_path):
    """The same trials as log risk ratios, at full precision."""
    names, table = columns()
    found = of_tables(*table, measure="rr")
    path = tmp_path / "effects.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", "yi", "sei"])
        rows = zip(names, found.effects.tolist(), found.ses.tolist(), strict=True)
        writer.writerows(rows)
    return path


def told(capsys, path, *options):
    assert main(["evidence", "pool", str(path), *options, "--json"]) == 0
    out = capsys.readouterr().out
    assert "NaN" not in out
    assert "Infinity" not in out
    return json.loads(out)


def said(capsys, path, *options):
    assert main(["evidence", "pool", str(path), *options]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_numbers_are_metafors(capsys, effects):
    """rma(yi, sei), test="knha", and the rest, to the digits that metafor 4 prints."""
    normal = told(capsys, effects, *EFFECTS, "--method", "reml", "--interval", "normal")
    printed = {"abs": 5.1e-7}
    assert normal["estimate"] == pytest.approx(-0.714532, **printed)
    assert normal["se"] == pytest.approx(0.179782, **printed)
    assert normal["lower"] == pytest.approx(-1.066898, **printed)
    assert normal["upper"] == pytest.approx(-0.362167, **printed)
    assert normal["tau2"] == pytest.approx(0.313243, **printed)
    assert normal["i2"] == pytest.approx(0.922214, **printed)
    assert normal["q"] == pytest.approx(152.233, abs=5e-4)
    assert normal["prediction"]["lower"] == pytest.approx(-1.866692, **printed)
    hksj = told(capsys, effects, *EFFECTS, "--method", "reml", "--interval", "hksj")
    assert hksj["se"] == pytest.approx(0.180792, **printed)
    assert hksj["lower"] == pytest.approx(-1.108444, **printed)
    assert hksj["prediction"]["upper"] == pytest.approx(0.566952, **printed)
    dl = told(capsys, effects, *EFFECTS, "--method", "dl")
    assert dl["estimate"] == pytest.approx(-0.714117, **printed)
    fixed = told(capsys, effects, *EFFECTS, "--method", "fixed")
    assert fixed["estimate"] == pytest.approx(-0.430285, **printed)
    assert fixed["se"] == pytest.approx(0.040499, **printed)
    pm = told(capsys, effects, *EFFECTS, "--method", "pm")
    assert pm["tau2"] == pytest.approx(0.318068, **printed)
    posterior = told(capsys, effects, *EFFECTS, "--method", "bayes")
    assert posterior["estimate"] == pytest.approx(-0.710245, abs=1e-4)
    assert posterior["se"] == pytest.approx(0.187228, abs=5e-4)
    assert posterior["tau"]["mean"] == pytest.approx(0.571763, abs=5e-6)
    assert posterior["probability_below_zero"] == pytest.approx(0.999602, abs=2e-5)


def test_json_holds_what_the_methods_give_at_full_precision(capsys, effects):
    found = told(capsys, effects, *EFFECTS)
    rows = found["studies"]
    data = [row["effect"] for row in rows], [row["se"] for row in rows]
    wanted = pool(*data, interval="normal")
    assert found["estimate"] == wanted.estimate
    assert [row["weight"] for row in rows] == wanted.weights.tolist()
    low, high = wanted.heterogeneity.tau2_interval
    assert found["tau2_interval"] == {"lower": low, "upper": high}
    for name, one in found["intervals"].items():
        other = pool(*data, interval=name)
        assert (one["se"], one["lower"], one["upper"]) == (
            other.se,
            other.lower,
            other.upper,
        )
    left_out = found["leave_one_out"]["studies"]
    assert [one["without"] for one in left_out] == [row["study"] for row in rows]
    assert found["small_study_effects"]["df"] == 11
    assert [one["level"] for one in found["funnel"]["contours"]] == [0.9, 0.95, 0.99]


def test_counts_give_what_their_effects_give(capsys, counts, effects):
    """Risk ratios of the four columns are the log risk ratios of the other file."""
    ours = told(capsys, counts, *COUNTS, "--measure", "rr")
    theirs = told(capsys, effects, *EFFECTS)
    assert ours["estimate"] == pytest.approx(theirs["estimate"], abs=1e-12)
    assert ours["ratio"]["estimate"] == pytest.approx(math.exp(theirs["estimate"]))
    mh = told(capsys, counts, *COUNTS, "--measure", "rr", "--method", "mh")
    assert mh["estimate"] == pytest.approx(-0.45371, abs=5.1e-6)
    assert mh["se"] == pytest.approx(0.039337, abs=5.1e-7)
    assert mh["estimate"] == mantel_haenszel(*columns()[1], measure="rr").estimate
    points = told(capsys, counts, *COUNTS, "--measure", "rd")
    assert -0.05 < points["estimate"] < 0
    assert "points" in points["summary"][0]


def test_parquet_is_read_as_csv_is(capsys, counts, tmp_path):
    names, table = columns()
    path = tmp_path / "bcg.parquet"
    found = dict(zip(("e1", "n1", "e2", "n2"), table, strict=True))
    pq.write_table(pa.table({"trial": names, **found}), path)
    ours, theirs = (told(capsys, one, *COUNTS) for one in (path, counts))
    assert {**ours, "source": ""} == {**theirs, "source": ""}


def test_the_text_is_a_table_two_sentences_and_what_to_ask_next(capsys, effects):
    lines = said(capsys, effects, *EFFECTS)
    assert lines[0].split()[0] == "study"
    assert lines[14].startswith("Pooled (REML)")
    assert "−0.71" in lines[14]
    assert lines[15].startswith("A new setting (prediction)")
    assert lines[17] == (
        "Pooled, the 13 studies put the effect at −0.71, and all from −1.07 to −0.36 "
        "fits them too."
    )
    assert lines[18].startswith("They differ by more than chance, and in a new")
    text = "\n".join(lines)
    assert "never" not in lines[17]
    assert "--interval modified_hksj) is from −1.11 to −0.32" in text
    assert "Egger's test finds no small-study effects (p = 0.19)" in text


@pytest.mark.parametrize("method", ["fixed", "dl", "reml", "pm", "bayes"])
@pytest.mark.parametrize("measure", ["or", "rr", "rd"])
def test_sentences_are_plain_and_hold_the_numbers(capsys, counts, method, measure):
    found = told(capsys, counts, *COUNTS, "--method", method, "--measure", measure)
    assert len(found["summary"]) == 2
    assert flesch_kincaid_grade(found["summary"]) <= 8
    written = re.findall(r"−?\d+\.?\d*", found["summary"][0])[1:4]
    ends = [found[name] for name in ("estimate", "lower", "upper")]
    for words, end in zip(written, ends, strict=True):
        value = 100 * end if measure == "rd" else math.exp(end)
        assert float(words.replace("−", "-")) == pytest.approx(
            value, abs=0.051, rel=0.01
        )


def test_the_picture_and_the_table_show_every_study(capsys, effects, tmp_path):
    svg, table = tmp_path / "f.svg", tmp_path / "f.csv"
    options = (
        "--svg",
        str(svg),
        "--csv",
        str(table),
        "--ours",
        "0.2",
        "--ours-se",
        "0.2",
    )
    found = told(capsys, effects, *EFFECTS, *options)
    with table.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["effect"]) for row in rows[:-1]] == [
        one["effect"] for one in found["studies"]
    ]
    assert float(rows[-1]["effect"]) == found["estimate"]
    for path, width in ((svg, WIDE), (tmp_path / "f-phone.svg", NARROW)):
        drawn = ET.fromstring(path.read_text("utf-8"))
        classes = [e.get("class", "") for e in drawn.iter()]
        assert float(drawn.get("width")) == width
        assert sum("mark study" in one for one in classes) == 15
        assert sum(one == "pooled" for one in classes) == 1
        assert sum(one == "prediction" for one in classes) == 1
        words = [e.text for e in drawn.iter(f"{SVG}text")]
        assert "TPT Madras 1980" in words
        assert "Your own estimate" in words
        assert "<script" not in path.read_text("utf-8")


def boxes(drawn):
    """Give the box of each text, with letters as wide as the widest usual typeface's."""
    for e in drawn.iter(f"{SVG}text"):
        bold = {"strong"} & set(e.get("class", "").split())
        width = len(e.text or "") * (8.0 if bold else 7.0)
        x, y = float(e.get("x")), float(e.get("y"))
        at = {"start": x, "middle": x - width / 2, "end": x - width}
        start = at[e.get("text-anchor", "start")]
        yield e.text, start, start + width, y - 9, y + 3


def test_no_text_of_the_picture_overlaps_on_a_telephone(capsys, counts, tmp_path):
    """Names as long as titles are cut, and what stands beside them is not."""
    text = counts.read_text("utf-8").replace("Aronson", "Aronson and colleagues of the")
    counts.write_text(text, encoding="utf-8")
    svg = tmp_path / "f.svg"
    for method in ("dl", "mh", "bayes"):
        told(capsys, counts, *COUNTS, "--method", method, "--svg", str(svg))
        drawn = ET.fromstring((tmp_path / "f-phone.svg").read_text("utf-8"))
        found = list(boxes(drawn))
        for i, (one, left, right, top, bottom) in enumerate(found):
            assert left >= -1, one
            assert right <= NARROW + 1, one
            for two, left2, right2, top2, bottom2 in found[i + 1 :]:
                apart = (
                    right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
                )
                assert apart, (one, two, method)


def test_zeros_are_told_and_tables_that_tell_nothing_are_named(capsys, tmp_path):
    path = tmp_path / "rare.csv"
    rows = ["A,0,40,3,41", "B,0,50,0,52", "C,2,60,5,60", "D,4,80,9,78", "D,1,30,2,30"]
    path.write_text("trial,e1,n1,e2,n2\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = told(capsys, path, *COUNTS)
    assert found["left_out"] == ["B"]
    assert [one["corrected"] for one in found["studies"]] == [True, False, False, False]
    notes = "\n".join(found["notes"])
    assert "A half was added to each cell, one being zero: A." in notes
    assert "Left out, since nobody or everybody had the event: B." in notes
    assert "More than one row is called D" in notes
    mh = told(capsys, path, *COUNTS, "--method", "mh")
    assert "A half was added" not in "\n".join(mh["notes"])
    kept = told(capsys, path, *COUNTS, "--measure", "rd")
    assert kept["left_out"] == []
    assert kept["k"] == 5


def test_an_estimate_of_ones_own_is_read_with_and_without_the_studies(capsys, effects):
    """What agrees is sharpened; what does not is called, and left to itself."""
    near = told(capsys, effects, *EFFECTS, "--ours", "-0.6", "--ours-se", "0.3")
    read = near["borrowing"]
    assert not read["conflict"]
    assert read["without_prior"]["value"] == pytest.approx(-0.6)
    widths = [
        read[name]["upper"] - read[name]["lower"]
        for name in ("with_prior", "without_prior")
    ]
    assert widths[0] < widths[1]
    assert read["information"] > 1
    assert sum(part["weight"] for part in read["components"]) == pytest.approx(1)
    assert "do not disagree" in near["notes"][-1]
    far = told(capsys, effects, *EFFECTS, "--ours", "3", "--ours-se", "0.2")
    read = far["borrowing"]
    assert read["conflict"]
    assert read["weight_informative"] < 0.1
    assert read["with_prior"]["value"] > 2.8
    assert "disagree by more than chance" in far["notes"][-1]


def test_a_prior_in_another_unit_is_noticed(capsys, tmp_path):
    """Millimetres of mercury under the prior of a log ratio."""
    path = tmp_path / "pressure.csv"
    rows = [f"T{i},{y},{1.5}" for i, y in enumerate((-14, -3, -9, 2, -18, 5))]
    path.write_text("trial,yi,sei\n" + "\n".join(rows) + "\n", encoding="utf-8")
    narrow = told(capsys, path, *EFFECTS, "--method", "bayes")
    assert any("unit of the effects" in note for note in narrow["notes"])
    options = ("--method", "bayes", "--tau-scale", "10", "--mean-sd", "100")
    wide = told(capsys, path, *EFFECTS, *options)
    assert not any("unit of the effects" in note for note in wide["notes"])
    reml = told(capsys, path, *EFFECTS)
    assert wide["estimate"] == pytest.approx(reml["estimate"], abs=0.5)
    assert wide["prior"] == {"tau_scale": 10.0, "mean_sd": 100.0}
