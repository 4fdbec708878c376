"""What is said of a cohort that Circe would misread without a word."""

import copy
import json

import pytest
import yaml

from rounds.definitions import read_cohorts
from rounds.nouns import Cohort, DefinitionError

GOOD = {
    "ConceptSets": [
        {
            "id": 3,
            "name": "Hypertension",
            "expression": {"items": [{"concept": {"CONCEPT_ID": 320128}}]},
        }
    ],
    "PrimaryCriteria": {
        "CriteriaList": [
            {"ConditionOccurrence": {"CodesetId": 3, "Age": {"Op": "gte", "Value": 18}}}
        ],
        "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
    },
    "InclusionRules": [
        {"name": "a rule", "expression": {"Type": "ALL", "CriteriaList": []}}
    ],
}


def changed(change):
    expression = copy.deepcopy(GOOD)
    change(expression)
    return expression


def condition(expression):
    return expression["PrimaryCriteria"]["CriteriaList"][0]["ConditionOccurrence"]


def renamed(expression):
    body = condition(expression)
    body["CodeSetId"] = body.pop("CodesetId")


WRONG = {
    "an attribute of another name": (
        renamed,
        (
            "PrimaryCriteria.CriteriaList[0].ConditionOccurrence: a ConditionOccurrence has "
            "no attribute 'CodeSetId'; did you mean 'CodesetId'?"
        ),
    ),
    "a domain of another name": (
        lambda e: e["PrimaryCriteria"].update(CriteriaList=[{"Condition": {}}]),
        (
            "PrimaryCriteria.CriteriaList[0]: a Criterion has no attribute 'Condition'; did "
            "you mean 'ConditionEra'?"
        ),
    ),
    "an empty concept set": (
        lambda e: e["ConceptSets"][0]["expression"].update(items=[]),
        (
            "PrimaryCriteria.CriteriaList[0].ConditionOccurrence.CodesetId: concept set 3 "
            "('Hypertension') is empty: it includes no concept"
        ),
    ),
    "a concept set that only excludes": (
        lambda e: e["ConceptSets"][0]["expression"]["items"][0].update(isExcluded=True),
        "concept set 3 ('Hypertension') is empty",
    ),
    "a missing concept set": (
        lambda e: condition(e).update(CodesetId=4),
        "there is no concept set 4; there are: 3",
    ),
    "two concept sets of one id": (
        lambda e: e["ConceptSets"].append(e["ConceptSets"][0]),
        "ConceptSets[1]: the id 3 is taken",
    ),
    "a choice that is none": (
        lambda e: e["InclusionRules"][0]["expression"].update(Type="SOME"),
        "InclusionRules[0].expression.Type: 'SOME' is not one of ALL, ANY, AT_LEAST",
    ),
    "a limit without its kind": (
        lambda e: e.update(QualifiedLimit={"Type": None}),
        "QualifiedLimit.Type: None is not one of All, First, Last",
    ),
    "a range without its other end": (
        lambda e: condition(e)["Age"].update(Op="bt"),
        "ConditionOccurrence.Age: a range between two values needs its Extent",
    ),
    "a day that is none": (
        lambda e: condition(e).update(
            OccurrenceStartDate={"Op": "gt", "Value": "2023-02-29"}
        ),
        "'2023-02-29' is not a date",
    ),
    "a number as text": (
        lambda e: condition(e)["Age"].update(Value="18"),
        "ConditionOccurrence.Age.Value: '18' is not a number",
    ),
    "nothing to enter by": (
        lambda e: e["PrimaryCriteria"].update(CriteriaList=[]),
        "PrimaryCriteria.CriteriaList: nothing lets anybody enter",
    ),
    "a missing part": (
        lambda e: e["PrimaryCriteria"].pop("ObservationWindow"),
        "PrimaryCriteria: a PrimaryCriteria needs the attribute 'ObservationWindow'",
    ),
    "too many rules": (
        lambda e: e.update(InclusionRules=e["InclusionRules"] * 53),
        "InclusionRules: 53 rules; Circe can tell 52 apart",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_place(tmp_path, case):
    change, said = WRONG[case]
    path = tmp_path / "cohort.json"
    path.write_text(json.dumps(changed(change)))
    with pytest.raises(DefinitionError) as caught:
        read_cohorts([path])
    assert caught.value.code == "invalid-cohort"
    assert said in str(caught.value)


def test_everything_wrong_is_listed_at_once(tmp_path):
    path = tmp_path / "cohort.json"

    def both(expression):
        renamed(expression)
        expression["EndStrategie"] = {}

    path.write_text(json.dumps(changed(both)))
    with pytest.raises(DefinitionError, match="2 problem") as caught:
        read_cohorts([path])
    assert "did you mean 'EndStrategy'?" in str(caught.value)


def test_a_cyclic_reference_is_named(tmp_path):
    path = tmp_path / "cohort.yaml"
    text = yaml.safe_dump({"name": "x", "title": "X", "expression": GOOD})
    cycle = text.replace("CriteriaList: []", "CriteriaList: []\n      Groups: &g [*g]")
    path.write_text(cycle)
    with pytest.raises(
        DefinitionError, match="Groups holds itself: a cyclic reference"
    ):
        read_cohorts([path])


def test_a_group_that_holds_itself_is_refused_by_the_noun():
    expression = copy.deepcopy(GOOD)
    group = expression["InclusionRules"][0]["expression"]
    group["Groups"] = [group]
    with pytest.raises(ValueError, match="holds itself"):
        Cohort(name="x", title="X", expression=expression)


def test_what_is_nested_beyond_measure_is_refused(tmp_path):
    path = tmp_path / "cohort.json"
    path.write_text('{"ConceptSets": ' + "[" * 100 + "]" * 100 + "}")
    with pytest.raises(DefinitionError, match="nested more than 60 levels"):
        read_cohorts([path])
    path.write_text("[" * 100_000)
    with pytest.raises(DefinitionError) as caught:
        read_cohorts([path])
    assert caught.value.code == "unreadable-cohort"


def test_the_good_one_is_read_in_each_of_its_forms(tmp_path):
    forms = {
        "bare.json": json.dumps(GOOD),
        "answer.json": json.dumps({"id": 7, "name": "Bare", "expression": GOOD}),
        "text.json": json.dumps({"name": "bare", "expression": json.dumps(GOOD)}),
        "noun.yaml": yaml.safe_dump({"name": "bare", "expression": GOOD}),
    }
    read = {}
    for name, text in forms.items():
        (tmp_path / name).write_text(text, "utf-8")
        (read[name],) = read_cohorts([tmp_path / name])
    expressions = [one.expression for one in read.values()]
    assert expressions == [expressions[0]] * len(forms)
    assert {one.name for one in read.values()} == {"bare"}


def test_what_is_null_or_in_another_order_does_not_change_the_hash():
    first = Cohort(name="x", title="X", expression=GOOD)
    other = {**dict(reversed(GOOD.items())), "CensorWindow": None}
    again = Cohort(name="x", title="X", expression=other)
    assert first.content_hash() == again.content_hash()
