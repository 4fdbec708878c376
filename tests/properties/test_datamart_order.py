"""The order of lines, and which file a line is in, changes nothing."""

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rounds.datamart import Datamart, load
from rounds.definitions.ucum import is_ucum
from stories import small_fhir as story

LINES = [
    *(json.dumps(one) for each in story.RESOURCES.values() for one in each),
    json.dumps(story.observation("m1", valueQuantity=story.quantity(70, "kg"))),
    json.dumps(story.condition("c8", status="x", code={"text": "words"})),
    json.dumps(story.observation("m9", valueQuantity=story.quantity("high", "kg"))),
    '{"resourceType":"Condition","id":"cut',
]


def loaded(files):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        for number, lines in enumerate(files):
            (folder / f"part-{number}.ndjson").write_text("\n".join(lines) + "\n")
        report = load(folder, Path(name) / "mart")
        with Datamart.open(Path(name) / "mart") as mart:
            reasons = {(r.type, r.reason, r.n) for r in report.reasons}
            return report.by_type, reasons, mart.fingerprints()


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.permutations(LINES), st.integers(1, len(LINES) - 1))
def test_permuting_lines_changes_nothing(lines, cut):
    whole = loaded([LINES])
    assert loaded([lines[:cut], lines[cut:]]) == whole
    by_type = whole[0]
    assert sum(count.read for count in by_type.values()) == len(LINES)


@given(st.text(max_size=12))
def test_ucum_answers_for_any_text(code):
    assert is_ucum(code) in (True, False)


GOOD = "mm[Hg] kg/m2 10*3/uL mL/min/{1.73_m2} {score} % [pH] m[IU]/L Cel [in_i] /min"
BAD = "mmHg bananas (score) units 1,5 mg//dL [unknown] mg{ )( kk"


def test_ucum_knows_units_from_what_only_looks_like_one():
    assert [code for code in GOOD.split() if not is_ucum(code)] == []
    assert [code for code in BAD.split() if is_ucum(code)] == []
