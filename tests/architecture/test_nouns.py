"""Every noun is frozen, says itself in JSON and YAML both ways, and is explained."""

import datetime as dt
import importlib
import itertools
import pkgutil
import types
import typing
from typing import Annotated, Any, ForwardRef, Literal, Union

import pytest
import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined

import rounds.nouns
from rounds.nouns import DefinitionError, Noun, Published, Ref
from rounds.nouns.criteria import Exists

for module in pkgutil.iter_modules(rounds.nouns.__path__):
    importlib.import_module(f"rounds.nouns.{module.name}")


def nouns() -> list[type[Noun]]:
    found, waiting = [], [Noun]
    while waiting:
        inner = [
            n for n in waiting.pop().__subclasses__() if "rounds.nouns" in n.__module__
        ]
        waiting += inner
        found += inner
    return sorted(set(found) - {Published}, key=lambda noun: noun.__name__)


NOUNS = nouns()

# What a validator asks for beyond the type, by class and field.
ASKED: dict[str, dict[str, Any]] = {
    "Age": {"from_years": 18},
    "CostItem": {
        "counts": "events",
        "events": {"domain": "visit"},
        "concept_set": None,
    },
    "Costs": {
        "currency": "SEK",
        "outcome": "",
        "price_year": 2025,
        "worth_range": (0.0, 800.0),
        "patients_a_year": 400.0,
        "items": (
            {
                "name": "Card",
                "counts": "cards",
                "unit_cost": {"value": 2.0, "source": "a list"},
            },
        ),
        "programme": (),
    },
    "Price": {"value": 2.0, "lower": 1.0, "upper": 3.0},
    "Weighing": {"most_cards": 3.0},
    "Cohort": {
        "expression": {
            "PrimaryCriteria": {
                "CriteriaList": [{"Death": {}}],
                "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
            }
        }
    },
    "IndexVisit": {"classes": ("home",)},
    "Community": {
        "members": (
            {"name": "Ana", "role": "patient_partner"},
            {"name": "Bo", "role": "sponsor"},
        )
    },
    "Comparison": {"at_least": 1.5},
    "ConceptSet": {"exclude": ()},
    "Design": {
        "unit": "patient",
        "block_sizes": (2, 4),
        "allocation": "minimisation",
        "balanced_on": ("clinic", "sex"),
        "biased_coin": 0.7,
        "schedule": None,  # clinics alone go through one
        "factors": None,  # clinics alone are dealt to the cells of two
        "adaptation": None,  # another allocation has one
    },
    "Effect": {"value": 0.1, "lower": 0.0, "upper": 0.2},
    "Estimate": {"value": 0.1, "lower": 0.0, "upper": 0.2, "sealed": None},
    "Events": {
        "domain": "measurement",
        "concept_set": "systolic",
        "number": None,
        "discharged_to": None,
        "drug_types": (),
        "cohort": None,
        "of_visit": "any",
        "without_index": False,
        "near": (),
    },
    "Near": {"events": {"domain": "visit"}},
    "Occurrence": {"events": {"domain": "visit"}},
    "Point": {"months": 0, "days": 0, "hours": 3, "at": "index"},
    "Reading": {
        "pick": "last",
        "events": {"domain": "drug", "concept_set": "x", "number": "quantity"},
        "day": None,
    },
    "Stratifier": {"strata": ({"label": "all", "when": {"op": "sex", "of": "male"}},)},
    "Term": {"when": {"op": "sex", "of": "male"}, "number": None},
    "NewCode": {
        "events": {
            "domain": "drug",
            "concept_set": "x",
            "window": {"start": {"at": "index"}},
        }
    },
    "KnowledgeObject": {
        "examples": (
            {"title": "high", "context": {"systolic": 150}, "fires": True},
            {"title": "low", "context": {}, "fires": False},
        )
    },
    "Measure": {
        "basis": "person",
        "index": None,
        "measure_observation": None,
        "numerator": {"op": "age", "at": "period_end", "from_years": 18},
        "numerator_observation": None,
        "denominator_observation": None,
        "index_day": "start",
        "aggregate": "mean",
        "scoring": "proportion",
        "expected": None,
    },
    "Protocol": {
        "go_live": "2025-01-06",
        "unit_of_randomisation": "clinic",
        "schedule": None,  # looks are for arms in parallel
        "factors": None,  # looks are for one factor
        "adaptation": None,  # patients alone are allocated so
        "baseline": {"start": "2024-01-01", "end": "2024-12-31"},
        "enrolment": {"start": "2025-01-06", "end": "2025-06-30"},
        "endpoints": tuple(
            {
                "role": role,
                "measure": "measure/x|1#" + "0" * 64,
                "estimand": {
                    "name": role,
                    "population": "p",
                    "treatment": "t",
                    "comparator": "c",
                    "variable": "v",
                    "summary_measure": "risk_difference",
                },
                "better": "lower",
                "margin": 0.02,
            }
            for role in ("primary", "balancing")
        ),
    },
    "LookPlan": {
        "looks": "group_sequential",
        "fractions": (0.5, 1.0),
        "dates": ("2025-05-01",),
        "gamma": None,
        "futility_gamma": None,
        "power": 0.9,
        "futile_probability": None,  # of Bayesian looks
    },
    "Guardrail": {"endpoint": "balancing", "gamma": None, "alpha": 0.025},
    "Look": {"commitment": "c" * 64},
    "Schedule": {
        "kind": "stepped_wedge",
        "period_starts": ("2025-01-06", "2025-03-03", "2025-05-05"),
        "sequences": ("011", "001"),
        "not_enrolling": ((2, 1),),
    },
    "Decision": {"allocation_seed": "b" * 128},
    "Rollout": {"seed_commitment": "a" * 64},
    "Source": {"pmid": "123", "doi": "10.1000/x"},
}


def sample(kind: Any, name: str, *, whole: bool, depth: int = 0) -> Any:
    """Make a value of a type; `whole` fills what may be left out as well."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, ForwardRef) or depth > 6 or kind == "Criterion":
        return Exists(op="exists", events=example_fields("Events"))
    if origin is Annotated:
        return sample(inner[0], name, whole=whole, depth=depth)
    if origin is Literal:
        return inner[0]
    if origin in {Union, types.UnionType}:
        real = [one for one in inner if one is not type(None)]
        real.sort(key=lambda one: getattr(one, "__name__", "") in {"All", "Any", "Not"})
        return sample(real[0], name, whole=whole, depth=depth)
    if origin is tuple:
        items = inner[:1] if inner[-1] is Ellipsis else inner
        return tuple(sample(one, name, whole=whole, depth=depth + 1) for one in items)
    if origin is dict:
        return {"key": sample(inner[1], name, whole=whole, depth=depth)}
    if kind is Ref:
        return Ref(name="problem/x", version="1", hash="0" * 64)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return example(kind, whole=whole, depth=depth + 1)
    plain = {"name": "a-name", "version": "1", "currency": "EUR"}
    simple = {
        str: plain.get(name, f"{name.replace('_', ' ')}, naïve"),
        int: 3,
        float: 0.25,
        bool: True,
        dt.date: dt.date(2025, 1, 6),
        dt.datetime: dt.datetime(2025, 1, 6, 9, 30, tzinfo=dt.UTC),
        Any: "anything",
    }
    return simple[kind]


def example_fields(name: str) -> Any:
    return next(noun for noun in NOUNS if noun.__name__ == name)(**ASKED[name])


def example(noun: type[Noun], *, whole: bool, depth: int = 0) -> Noun:
    """Make a noun with every field filled, or only with those it cannot do without."""
    given = {}
    for name, field in noun.model_fields.items():
        needed = field.default is PydanticUndefined and field.default_factory is None
        if needed or (whole and depth < 4):
            given[name] = sample(field.annotation, name, whole=whole, depth=depth)
    return noun(**(given | ASKED.get(noun.__name__, {})))


EXAMPLES = list(itertools.product(NOUNS, (True, False)))


@pytest.mark.parametrize(("noun", "whole"), EXAMPLES)
def test_a_noun_survives_json_and_yaml(noun, whole):
    made = example(noun, whole=whole)
    assert noun.from_json(made.to_json()) == made
    assert noun.from_yaml(made.to_yaml()) == made
    again = noun.from_yaml(made.to_yaml())
    assert again.to_json() == made.to_json()
    assert again.content_hash() == made.content_hash()


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_is_frozen_and_refuses_what_it_does_not_have(noun):
    made = example(noun, whole=False)
    field = next(iter(noun.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(made, field, None)
    plain = made.model_dump(mode="json") | {"not_a_field": 1}
    with pytest.raises(DefinitionError, match="not_a_field"):
        noun.from_yaml(yaml.safe_dump(plain))


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_is_shown_by_its_room_and_explained(noun, repo):
    assert noun.__name__ in rounds.nouns.__all__
    assert noun.__doc__
    assert len(noun.__doc__.split()) > 3
    glossary = (repo / "GLOSSARY.md").read_text("utf-8")
    assert f"\n### {noun.__name__}\n" in glossary


def test_every_published_noun_has_a_folder_and_a_kind_of_its_own():
    from rounds.ledger.published import FOLDERS, kinds

    published = [noun for noun in NOUNS if issubclass(noun, Published)]
    assert len({noun.kind for noun in published}) == len(published)
    for noun in published:
        assert kinds()[noun.kind] is noun
        assert noun.kind in FOLDERS


@pytest.mark.parametrize("noun", [n for n in NOUNS if issubclass(n, Published)])
def test_every_published_noun_can_be_stored_and_read_again(noun, tmp_path):
    from rounds.ledger import Ledger

    made = example(noun, whole=True)
    with Ledger.open(tmp_path / "registry.sqlite") as ledger:
        receipt = ledger.publish(
            made, at=dt.datetime(2025, 1, 6, tzinfo=dt.UTC), by="x"
        )
        stored = ledger.read(receipt.ref)
        assert type(stored) is noun
        assert stored.ref() == receipt.ref
        ledger.export(tmp_path / "out")
        assert ledger.verify(exported=tmp_path / "out") == ()
        assert ledger.why(receipt.ref).lines()


def test_no_published_noun_can_hold_what_is_about_one_person():
    """Exposures stay at home: nothing published has a field for them or for a person."""
    personal = {"person_source_value", "person_id", "patient", "encounter"}
    seen: set[type] = set()

    def walk(noun: type[BaseModel]) -> None:
        if noun in seen:
            return
        seen.add(noun)
        assert not personal & set(noun.model_fields), noun.__name__
        for field in noun.model_fields.values():
            for part in parts(field.annotation):
                walk(part)

    for noun in NOUNS:
        if issubclass(noun, Published):
            walk(noun)
    assert rounds.nouns.Exposure not in seen


def parts(kind: Any) -> list[type[BaseModel]]:
    """Give the models inside a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [part for inner in typing.get_args(kind) for part in parts(inner)]
