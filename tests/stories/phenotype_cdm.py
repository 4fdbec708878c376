"""A small random CDM in which given cohorts find the codes that they ask for."""

import numpy as np
import pyarrow as pa

from rounds.datamart.cohorts.domains import reads_of
from rounds.nouns.circe import parts
from stories.cohort_cdm import made

PERSONS, PER_PERSON = 300, 12
OTHERWISE = 0.2
"""The share of rows that keep a code nobody asks for."""


def cdm_for(expressions, seed):
    """Make the tables: as `cohort_cdm` makes them, with the codes of some cohorts.

    Each concept set that is looked up in a column has about as many rows there as any
    other. There is no hierarchy: each concept stands below itself alone.
    """
    rng = np.random.default_rng(seed)
    tables = dict(made(seed, PERSONS, PER_PERSON))
    for (table, column), sets in sorted(asked(expressions).items()):
        kept = tables[table][column].to_pylist()
        for row in np.flatnonzero(rng.random(len(kept)) >= OTHERWISE):
            codes = sets[rng.integers(len(sets))]
            kept[row] = codes[rng.integers(len(codes))]
        place = tables[table].column_names.index(column)
        tables[table] = tables[table].set_column(
            place, column, pa.array(kept, pa.int64())
        )
    return tables | with_concepts(tables, listed(expressions))


def asked(expressions):
    """Give what is looked up where: (table, column) → the codes of each set."""
    found = {}
    for expression in expressions:
        codes = {
            one["id"]: [
                item["concept"]["CONCEPT_ID"]
                for item in one["expression"]["items"]
                if not item.get("isExcluded")
            ]
            for one in expression["ConceptSets"]
        }
        for read in reads_of(expression):
            if codes[read.concept_set]:
                place = found.setdefault((read.table, read.column), [])
                place.append(codes[read.concept_set])
    return found


def listed(expressions):
    """Give every concept that is named."""
    return {
        part["CONCEPT_ID"]
        for expression in expressions
        for kind, part in parts(expression)
        if kind == "Concept"
    }


def with_concepts(tables, ids):
    """Add concepts to the vocabulary, each below itself."""
    concept, ancestor = tables["concept"], tables["concept_ancestor"]
    new = sorted(ids - set(concept["concept_id"].to_pylist()))
    rows = [concept.slice(0, 1).to_pylist()[0] | {"concept_id": one} for one in new]
    more = pa.Table.from_pylist(rows, schema=concept.schema)
    below = {
        "ancestor_concept_id": new,
        "descendant_concept_id": new,
        "min_levels_of_separation": [0] * len(new),
        "max_levels_of_separation": [0] * len(new),
    }
    return {
        "concept": pa.concat_tables([concept, more]),
        "concept_ancestor": pa.concat_tables(
            [ancestor, pa.table(below, schema=ancestor.schema)]
        ),
    }
