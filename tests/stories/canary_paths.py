"""Where each mapped field of FHIR can be written: `canary_paths.csv`.

A field of the mapping that has no row there fails the tests, so that a new one does not
go without its canary. `name[]` is a list, `extension[url=…]` the entry of a list with that
value, and `contained[#device]` the resource that `device` refers to; ` | ` divides the
ways of writing one field.
"""

import csv
import re
from pathlib import Path

_SEGMENT = re.compile(r"(\w+)(\[(?:(\w+)=([^\]]*)|#(\w+))?\])?(?:\.|$)")
_CONTAINED = {"device": "Device", "medicationReference": "Medication"}


def _read_paths():
    with Path(__file__).with_name("canary_paths.csv").open(encoding="utf-8") as stream:
        rows = csv.DictReader(stream)
        return {(row["resource"], row["field"]): row["path"] for row in rows}


_PATHS = _read_paths()


def paths(kind, field):
    """Give each way of writing a field."""
    return _PATHS[kind, field].split(" | ")


class _Plain(dict):
    """A list's first item, told from those that were found by a key."""


def _is(one, key, value):
    return one.get(key) == value if key else isinstance(one, _Plain)


def put(resource, path, leaf, inside="inside"):
    """Set a value at a path of the mapping."""
    here = resource
    segments = list(_SEGMENT.finditer(path))
    for place, segment in enumerate(segments):
        name, brackets, key, value, referring = segment.groups()
        last = place == len(segments) - 1
        if not brackets:
            if last:
                here[name] = leaf
                return
            here = here.setdefault(name, {})
            continue
        held = here.setdefault(name, [])
        if referring:  # the contained resource that another field refers to
            resource[referring] = {"reference": f"#{inside}"}
            if not held:
                held.append({"resourceType": _CONTAINED[referring], "id": inside})
            here = held[0]
            continue
        if last:
            held.append(leaf)
            return
        found = next((one for one in held if _is(one, key, value)), None)
        if found is None:  # the plain one is the first, which is what the mapping takes
            found = _Plain() if not key else {key: value}
            held.insert(0 if not key else len(held), found)
        here = found
