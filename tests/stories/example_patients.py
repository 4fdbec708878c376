"""Mutants of a measure: each clause in turn made always true, and never true."""

import copy
import json

from rounds.nouns import Measure

CRITERIA = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "numerator_exclusion",
    "observed_when",
)
ALWAYS = {"op": "age", "at": "period_end", "from_years": 0}
NEVER = {"op": "not", "of": ALWAYS}


def mutants(measure):
    """Give each mutant with what was done to it."""
    plain = measure.model_dump(mode="json")
    for name in CRITERIA:
        if plain.get(name) is None:
            continue
        for path in leaves(plain[name], (name,)):
            for word, criterion in (("always", ALWAYS), ("never", NEVER)):
                where = ".".join(str(step) for step in path)
                yield f"{where} {word}", replaced(plain, path, criterion)


def leaves(node, path):
    if node["op"] in {"all", "any"}:
        for place, part in enumerate(node["of"]):
            yield from leaves(part, (*path, "of", place))
    elif node["op"] == "not":
        yield from leaves(node["of"], (*path, "of"))
    else:
        yield path


def replaced(plain, path, criterion):
    made = copy.deepcopy(plain)
    at = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = criterion
    return Measure.model_validate_json(json.dumps(made))
