"""The beginning of a measure, as YAML with comments, for a person to fill in."""

from typing import Final, Literal

from rounds.nouns.domains import Basis

__all__ = ["Scoring", "examples_skeleton", "skeleton"]

Scoring = Literal["proportion", "ratio", "continuous-variable"]

_HEAD: Final = """\
# A measure of this site. `rounds measure check {name}` lists what is wrong with it,
# `rounds measure explain {name}` says it in words, `rounds measure example {name}
# --make 3` makes up patients for each of its branches; without --make it tries those of
# {name}.examples.yaml, which must be as expected before it is published.
name: {name}
version: "1"               # another version for another meaning
title: {title}
description: >-
  What is counted, of whom, and what is good: for a reader who knows no code.
# follows: the published measure and its version, if there is one
# source: [addresses of what was read]
# leaves_out: [what that measure has and this one has not, each as a sentence]
type: process              # outcome, process or balancing
improvement_notation: increase     # or decrease: which way is better
"""
_BASIS: Final = {
    "person": """\
basis: person              # person, visit or procedure: what is counted
""",
    "visit": """\
basis: visit               # person, visit or procedure: what is counted
index: each                # first: a person's first visit of the period; each: all
# index_day: end           # a visit is in the period by the day on which it ended
""",
    "procedure": """\
basis: procedure           # person, visit or procedure: what is counted
index: each                # first: a person's first procedure of the period; each: all
""",
}
_CODES: Final = """\
concept_sets:              # by name, as shipped or in concept_sets/ of this folder;
  - essential-hypertension # or whole: name, title, include: [{{system: , code: }}]
{more}"""
_POPULATION: Final = {
    "person": """\
initial_population:        # who is looked at
  op: all
  of:
    - {op: age, at: period_end, from_years: 18}
    # - {op: sex, of: female}
    - op: exists
      label: A condition that had begun by the period's end
      events:
        domain: condition
        concept_set: essential-hypertension
        match: overlaps    # or starts_in, ends_in, covers
        window: {start: {at: period_start}, end: {at: period_end}}
""",
    "visit": """\
initial_population:        # which visits are looked at
  op: all
  of:
    - {op: index_visit, classes: [outpatient]}
    - {op: age, at: index, from_years: 18}
    - op: exists
      label: A condition that had begun by the visit
      events:
        domain: condition
        concept_set: essential-hypertension
        match: overlaps
        window: {start: {at: index}, end: {at: index}}
""",
    "procedure": """\
initial_population:        # which procedures are looked at
  op: all
  of:
    - {op: index_procedure, concept_set: dialysis-or-transplant}
    - {op: age, at: index, from_years: 18}
    - op: exists
      label: A condition that had begun by the procedure
      events:
        domain: condition
        concept_set: essential-hypertension
        match: overlaps
        window: {start: {at: index}, end: {at: index}}
""",
}
_OPTIONAL: Final = """\
# denominator: only some of them are counted
# denominator_exclusion: who is left out
# denominator_exception: who is left out unless the numerator is met
"""
_READING: Final = """\
{pad}pick: last             # lowest, highest, first, last, sum, mean, count or days
{pad}events:
{pad}  domain: measurement
{pad}  concept_set: systolic
{pad}  units: ["mm[Hg]", mmHg]
{pad}  window: {window}
"""
_OUTCOME: Final = {
    "proportion": """\
scoring: proportion
numerator:                 # what counts as met
  op: compare
  reading:
{deep}  range: {{below: 140}}
  # if_missing: true       # it is met also where there is no value
""",
    "ratio": """\
scoring: ratio             # the numerator's total over the denominator's
numerator:                 # who adds to the numerator; need not be in the denominator
  op: exists
  events:
    domain: visit
    visit_classes: [emergency]
    window: {window}
numerator_observation:     # how much; 1 each, if not given
  pick: count
  events:
    domain: visit
    visit_classes: [emergency]
    window: {window}
denominator_observation:   # how much each adds to the denominator; 1, if not given
  pick: days
  events:
    domain: visit
    window: {window}
""",
    "continuous-variable": """\
scoring: continuous-variable
unit: "mm[Hg]"
# aggregate: median        # mean, if not given
measure_observation:       # the number of each; none, and the subject is not observed
{flat}""",
}
_TAIL: Final = """\
# stratifiers:             # what a result can be split by, beside site, month, age, sex
#   - name: age-group
#     strata:
#       - {label: under 65, when: {op: age, at: period_end, to_years: 64}}
#       - {label: 65 and older, when: {op: age, at: period_end, from_years: 65}}
"""


def skeleton(
    name: str, basis: Basis = "person", scoring: Scoring = "proportion"
) -> str:
    """Write a measure that can be run as it is, and that a person then changes.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens.
    basis : str
        What is counted.
    scoring : str
        What is made of it.

    Returns
    -------
    str
        YAML, with comments that say what may stand where.

    Examples
    --------
    >>> skeleton("door-to-needle", "visit").splitlines()[3]
    'name: door-to-needle'
    """
    window = "{start: {at: period_start}, end: {at: period_end}}"
    if basis != "person":
        window = "{start: {at: index}, end: {at: index_end, days: 30}}"
    deep, flat = (_READING.format(pad=" " * n, window=window) for n in (4, 2))
    more = "" if scoring == "ratio" else "  - systolic\n"
    more += "  - dialysis-or-transplant\n" if basis == "procedure" else ""
    outcome = _OUTCOME[scoring].format(deep=deep, flat=flat, window=window)
    return "".join(
        [
            _HEAD.format(name=name, title=name.replace("-", " ").capitalize()),
            _BASIS[basis],
            _CODES.format(more=more),
            _POPULATION[basis],
            _OPTIONAL,
            outcome,
            _TAIL,
        ]
    )


_EXAMPLES: Final = """\
# Example patients of {name}: made up, never a real person's rows. Put one on either
# side of each clause; `rounds measure example {name}` shows where they are put.
measure: {name}
period: {{start: 2025-01-01, end: 2025-12-31}}
shared:                    # rows that several patients have, by name
  seen:
    - {{visit: outpatient, start: 2025-03-01}}
    - {{condition: ICD10CM I10, start: 2024-03-01}}
patients:
  - name: A child
    born: 2015-06-01
    has: [seen]
    expect: outside        # or initial_population, denominator_exclusion,
    # denominator_exception, unobserved, denominator, numerator; a mean's number as
    # {{value: 132}}; of several visits, by their day: {{2025-03-01: numerator}}
  # - name: 18 on the day
  #   born: 2007-03-01
  #   sex: female
  #   has: [seen]
  #   rows:
  #     - {{measurement: LOINC 8480-6, start: 2025-03-01, value: 132, unit: "mm[Hg]"}}
  #   expect: numerator
"""


def examples_skeleton(name: str) -> str:
    """Write the example patients that a measure of `skeleton` begins with.

    Parameters
    ----------
    name : str
        The measure's.

    Returns
    -------
    str
        YAML, with comments that say what may stand where.
    """
    return _EXAMPLES.format(name=name)
