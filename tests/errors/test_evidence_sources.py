"""What reading sources says of bad input."""

import pytest

from rounds.loop import evidence
from rounds.loop.evidence.sources import load_sources
from rounds.nouns import DefinitionError, RoundsError, SourceError

GOOD = """
sources:
  - title: A trial
    pmid: "123"
    pico: {population: p, intervention: i, comparator: c, outcome: o}
    effect: {scale: risk_difference, value: 0.05, lower: 0.01, upper: 0.09}
"""
RIS = """TY  - JOUR
AU  - Kwan, Janice L
TI  - Computerised clinical decision support systems
JO  - BMJ
PY  - 2020
DO  - 10.1136/bmj.m3216
AN  - 32943437
ER  -
"""
APPRAISAL = """
DOI:10.1136/BMJ.M3216:
  pico: {population: p, intervention: i, comparator: c, outcome: o}
  design: systematic_review
"""


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def test_a_good_yaml_file_is_read(tmp_path):
    """A name is made from the identifier."""
    (source,) = load_sources(write(tmp_path, "s.yaml", GOOD))
    assert (source.name, source.pmid) == ("pmid-123", "123")


@pytest.mark.parametrize(
    ("change", "to", "words"),
    [
        ('    pmid: "123"\n', "", "PMID, a DOI, or the turn"),
        ('"123"', "abc", "is not a PMID"),
        ("lower: 0.01", "lower: 0.06", "not an estimate inside an interval"),
        ("upper: 0.09", "upper: 9.0", "write percentage points as 0.058"),
        ("risk_difference", "odds", "effect.scale"),
        ("pico: {population: p, ", "pico: {", "pico.population"),
        ("title:", "titel:", "titel"),
    ],
)
def test_a_bad_entry_is_named_with_its_field(tmp_path, change, to, words):
    """The source's title and the field stand in the message."""
    path = write(tmp_path, "s.yaml", GOOD.replace(change, to))
    with pytest.raises(DefinitionError) as refused:
        load_sources(path)
    assert words in str(refused.value)
    assert refused.value.code == "invalid-source"


def test_every_problem_of_every_entry_is_listed(tmp_path):
    """Two bad entries give two lines at once."""
    entry = GOOD.partition("sources:\n")[2].replace('    pmid: "123"\n', "")
    path = write(tmp_path, "s.yaml", f"sources:\n{entry}{entry}")
    with pytest.raises(DefinitionError, match=r"2 problem\(s\)"):
        load_sources(path)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("s.yaml", "sources: [", "sources-not-yaml"),
        ("s.yaml", "a: 1", "sources-not-a-list"),
        ("s.yaml", "", "sources-not-a-list"),
        ("s.txt", GOOD, "unknown-source-format"),
        ("s.ris", "not RIS at all", "sources-not-ris"),
        ("s.ris", RIS.replace("ER  -\n", ""), "sources-not-ris"),
        ("s.ris", RIS, "source-not-appraised"),
        ("s.ris", "TY  - JOUR\nTI  - Nobody's\nER  - \n", "invalid-source"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused(tmp_path, name, text, code):
    """Each with its own code and a remedy."""
    with pytest.raises(DefinitionError) as refused:
        load_sources(write(tmp_path, name, text))
    assert refused.value.code == code
    assert refused.value.remedies


def test_a_file_that_cannot_be_read_is_another_systems_failure(tmp_path):
    """Missing, or not UTF-8."""
    (tmp_path / "s.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("none.yaml", "s.yaml"):
        with pytest.raises(SourceError) as refused:
            load_sources(tmp_path / name)
        assert refused.value.code == "sources-unreadable"


def test_ris_gives_the_citation_and_yaml_beside_it_the_appraisal(tmp_path):
    """Identifiers match whatever their case; a retracted title is seen."""
    path = write(tmp_path, "s.ris", RIS)
    write(tmp_path, "s.yaml", APPRAISAL)
    (source,) = load_sources(path)
    assert source.pmid == "32943437"
    assert source.published == 2020
    assert source.design == "systematic_review"
    assert not source.retracted
    path.write_text(RIS.replace("TI  - ", "TI  - RETRACTED: "))
    assert load_sources(path)[0].retracted


def test_a_paper_given_twice_is_refused(tmp_path):
    """In one file by PMID, and across files by DOI whatever its case."""
    entry = GOOD.partition("sources:\n")[2]
    with pytest.raises(DefinitionError, match="PMID:123 is given twice"):
        load_sources(write(tmp_path, "s.yaml", f"sources:\n{entry}{entry}"))
    first = entry.replace('pmid: "123"', "doi: 10.1000/ABC")
    second = entry.replace('pmid: "123"', "doi: 10.1000/abc").replace("A t", "B t")
    both = [
        *load_sources(write(tmp_path, "a.yaml", f"sources:\n{first}")),
        *load_sources(write(tmp_path, "b.yaml", f"sources:\n{second}")),
    ]
    with pytest.raises(DefinitionError) as refused:
        evidence.run(None, both, None, name="e", title="E", question=both[0].pico)
    assert refused.value.code == "duplicate-source"


def test_no_source_at_all_is_refused():
    """Evidence says what is known."""
    with pytest.raises(DefinitionError) as refused:
        evidence.run(None, [], None, name="e", title="E", question=None)
    assert refused.value.code == "no-sources"


def test_a_judgement_nobody_answers_for_is_refused(tmp_path):
    """All that is wrong with judgements is listed at once."""
    sources = load_sources(write(tmp_path, "s.yaml", GOOD))
    judgements = [
        {"domain": "weather", "judgement": "serious", "reviewer": "R"},
        {"domain": "imprecision", "judgement": "bad", "reviewer": " "},
    ]
    with pytest.raises(RoundsError) as refused:
        evidence.run(
            None,
            sources,
            None,
            name="e",
            title="E",
            question=sources[0].pico,
            judgements=judgements,
        )
    said = str(refused.value)
    assert "'weather' is not a domain" in said
    assert "'bad' is not a judgement" in said
    assert "no reviewer is named" in said
