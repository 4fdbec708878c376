"""Everything that has happened, as one canonical sequence of bytes."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from rounds.world.ids import encounter_names
from rounds.world.problems.codes import MEDICINES
from rounds.world.problems.hypertension import DRUGS
from rounds.world.records import Records
from rounds.world.state import Integers, Scene

__all__ = ["event_log"]

Names = tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]]
_KINDS = pa.array(["AMB", "EMER", "IMP"])
_CODES = pa.array([drug.rxnorm for drug in DRUGS])
_OTHER_CODES = pa.array([drug.rxnorm for drug in MEDICINES])


def event_log(scene: Scene, records: Records, names: Names) -> bytes:
    """Write visits, readings, orders, cards and feedback as headed CSV blocks.

    Blocks of the problems beside hypertension, where any are lived, come after those.

    Parameters
    ----------
    scene : Scene
        Who there is.
    records : Records
        What has happened.
    names : tuple of three arrays of str
        Names of patients, clinics and practitioners.

    Returns
    -------
    bytes
        UTF-8, each block in the order in which its rows happened. The same seed and
        the same answers give the same bytes, however the answers travelled.
    """
    out = io.BytesIO()
    for name, columns in _blocks(scene, records, names).items():
        out.write(f"# {name}\n".encode())
        pa_csv.write_csv(pa.table(columns), out)
    return out.getvalue()


def _blocks(
    scene: Scene, records: Records, names: Names
) -> dict[str, dict[str, object]]:
    """Name the columns of every block that has rows."""
    first_day = scene.persons.first_day
    patients, clinics, practitioners = (pa.array(n) for n in names)
    visits = records.table("visit")
    if not visits:
        return {}
    label = _encounters(visits)
    start = (first_day + visits["day"]).astype("M8[s]") + visits["minute"].astype(
        "m8[m]"
    )
    blocks: dict[str, dict[str, object]] = {
        "visit": {
            "encounter": label,
            "patient": patients.take(pa.array(visits["person"])),
            "class": _KINDS.take(pa.array(visits["kind"])),
            "start": start,
            "clinic": clinics.take(pa.array(visits["clinic"])),
            "practitioner": practitioners.take(pa.array(visits["clinician"])),
        }
    }
    readings = records.table("reading")
    blocks["reading"] = {
        "encounter": label.take(pa.array(readings["visit"])),
        "number": readings["number"],
        "systolic": readings["systolic"],
        "diastolic": readings["diastolic"],
    }
    orders = records.table("order")
    at_visit = pa.array(orders["visit"], mask=orders["visit"] < 0)
    blocks["order"] = {
        "patient": patients.take(pa.array(orders["person"])),
        "date": first_day + orders["day"],
        "rxnorm": _CODES.take(pa.array(orders["drug"])),
        "encounter": label.take(at_visit),
    }
    for name in ("card", "feedback"):
        table = records.table(name)
        if table:
            blocks[name] = {k: pa.array(v) for k, v in table.items()}
    if "card" in blocks:
        row = pa.array(records.table("card")["visit"])
        blocks["card"]["visit"] = label.take(row)
    return blocks | _beside(records, first_day, patients, label)


def _beside(
    records: Records, first_day: np.datetime64, patients: pa.Array, label: pa.Array
) -> dict[str, dict[str, object]]:
    """Name the columns of what the problems beside hypertension have on record."""
    blocks: dict[str, dict[str, object]] = {}
    labs = records.table("lab")
    if labs:
        blocks["lab"] = {
            "encounter": label.take(pa.array(labs["visit"])),
            "lab": pa.array(labs["lab"]),
            "value": labs["value"],
        }
    orders = records.table("prescription")
    if orders:
        at_visit = pa.array(orders["visit"], mask=orders["visit"] < 0)
        blocks["prescription"] = {
            "patient": patients.take(pa.array(orders["person"])),
            "date": first_day + orders["day"],
            "rxnorm": _OTHER_CODES.take(pa.array(orders["medicine"])),
            "encounter": label.take(at_visit),
        }
    done = records.table("procedure")
    if done:
        blocks["procedure"] = {
            "patient": patients.take(pa.array(done["person"])),
            "date": first_day + done["day"],
        }
    return blocks


def _encounters(visits: dict[str, Integers]) -> pa.Array:
    """Name every visit."""
    return pa.array(encounter_names(visits["person"], visits["day"], visits["kind"]))
