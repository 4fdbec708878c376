"""Our own sources pass what others' must."""

import csv
import json
from typing import ClassVar

from rounds.conformance.sources import BaseSource
from stories import small_csv
from stories.areas import write_svi
from stories.small_fhir import RESOURCES, write_ndjson
from stories.small_omop import TABLES, write_csv


def turned(path, header=0):
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:header], *reversed(lines[header:])]) + "\n")


class TestFhir(BaseSource):
    shape = "fhir"
    n_records = sum(len(each) for each in RESOURCES.values())
    rows: ClassVar = {
        "person": 2,
        "death": 1,
        "visit_occurrence": 2,
        "condition_occurrence": 1,
        "measurement": 3,
        "observation": 2,
        "procedure_occurrence": 1,
        "drug_exposure": 2,
        "observation_period": 2,
        "care_site": 1,
        "provider": 1,
    }

    def write(self, folder):
        write_ndjson(folder)

    def reorder(self, folder):
        for path in folder.iterdir():
            turned(path)

    def spoil(self, folder):
        path = folder / "Condition.ndjson"
        n = len(path.read_text().splitlines())
        with path.open("a") as stream:
            stream.write('{"resourceType":"Condition","id":"cut\n')
        return f"Condition.ndjson:{n + 1}"


class TestFhirBundles(TestFhir):
    def write(self, folder):
        for kind, resources in RESOURCES.items():
            entries = [{"resource": each} for each in resources]
            bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
            (folder / f"{kind}.json").write_text(json.dumps(bundle, indent=2))

    def reorder(self, folder):
        for path in folder.iterdir():
            bundle = json.loads(path.read_text())
            bundle["entry"].reverse()
            path.write_text(json.dumps(bundle))

    def spoil(self, folder):
        path = folder / "Condition.json"
        bundle = json.loads(path.read_text())
        bundle["entry"].append({"resource": {"resourceType": "Condition", "id": "c9"}})
        path.write_text(json.dumps(bundle))
        return f"Condition.json:entry {len(bundle['entry'])}"


class TestOmop(BaseSource):
    shape = "omop"
    n_records = sum(len(each) for each in TABLES.values())
    rows: ClassVar = {
        "person": 2,
        "death": 1,
        "visit_occurrence": 2,
        "condition_occurrence": 1,
        "measurement": 2,
        "drug_exposure": 1,
        "observation_period": 2,
        "care_site": 1,
    }

    def write(self, folder):
        write_csv(folder)

    def reorder(self, folder):
        for path in folder.iterdir():
            turned(path, header=1)

    def spoil(self, folder):
        path = folder / "PERSON.csv"
        with path.open() as stream:
            header = next(csv.reader(stream))
            n = len(stream.readlines())
        with path.open("a") as stream:
            stream.write("," * (len(header) - 1) + "\n")
        return f"PERSON.csv:{n + 2}"


class TestCsv(BaseSource):
    shape = "csv"
    # Each line, p2's death on the line of p2, and three places that no file lists.
    n_records = sum(len(text.splitlines()) - 1 for text in small_csv.FILES.values()) + 5
    rows: ClassVar = {
        "person": 2,
        "death": 1,
        "visit_occurrence": 2,
        "condition_occurrence": 1,
        "measurement": 3,
        "drug_exposure": 1,
        "observation_period": 2,
        "care_site": 2,
        "provider": 2,
    }

    def write(self, folder):
        small_csv.write_files(folder)

    def reorder(self, folder):
        for path in folder.glob("*.csv"):
            turned(path, header=1)

    def spoil(self, folder):
        path = folder / "visits.csv"
        n = len(path.read_text().splitlines())
        with path.open("a") as stream:
            stream.write("p1;v3;2024-02-30;;North;ana;out\n")
        return f"visits.csv:{n + 1}"


class TestAreas(BaseSource):
    """Without persons no row of theirs comes of it."""

    shape = "areas"
    n_records = 3
    rows: ClassVar = {"person": 0, "observation": 0}

    def write(self, folder):
        ranks = [("02138", 0.2), ("02139", 0.9), ("02140", -999)]
        write_svi(folder / "SVI_2022_US_ZCTA.csv", ranks)

    def reorder(self, folder):
        turned(folder / "SVI_2022_US_ZCTA.csv", header=1)

    def spoil(self, folder):
        with (folder / "SVI_2022_US_ZCTA.csv").open("a") as stream:
            stream.write("Cambridge,x,0.5,0.2\n")
        return "SVI_2022_US_ZCTA.csv:5"
