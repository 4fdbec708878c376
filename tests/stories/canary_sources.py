"""Sources of every shape with a canary in each field, and the plan to take them away."""

import json
import random

from rounds.datamart.deidentify import DeidentifyPlan
from stories import canaries

SHAPES = ("fhir", "bundle", "omop", "csv")
BROKEN = (
    '{"resourceType":"Observation","id":"Zqbrokenbrokenb","status":"final","note":"Zqcut',
    "Zqwordswordswor 2011-02-03 not JSON",
    '{"resourceType":"Zqbananabananab","id":"Zqfruitfruitfru"}',
    '[1, "Zqlistlistlistl"]',
)
IN_BROKEN = (
    "Zqbrokenbrokenb", "Zqcut", "Zqwordswordswor", "2011-02-03", "Zqbananabananab",
    "Zqfruitfruitfru", "Zqlistlistlistl",
)  # fmt: skip


def plan(tmp_path, mode, **settings):
    return DeidentifyPlan(
        mode=mode,
        key=bytes(range(32)),
        reference_year=2026,
        codes=tmp_path / "private" / "deidentify-codes",
        random_bytes=random.Random(7).randbytes,
        **settings,
    )


def sources(flock, folder, shape):
    """Write a source of one shape, in a folder or a file that is named after someone."""
    named = flock.word()
    if shape == "omop":
        canaries.write_omop(folder / named, canaries.omop_rows(flock))
    elif shape == "csv":
        canaries.write_csv(flock, folder)
    elif shape == "bundle":
        made = canaries.Coop(flock).resources()
        entries = [
            {"fullUrl": f"urn:uuid:{flock.word()}", "resource": one}
            for its in made.values()
            for one in its
        ]
        folder.mkdir()
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (folder / f"{named}.json").write_text(json.dumps(bundle))
    else:
        canaries.write_fhir(
            folder / named, canaries.Coop(flock).resources(), broken=BROKEN
        )
