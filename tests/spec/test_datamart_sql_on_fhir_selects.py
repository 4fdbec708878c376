"""Rows of a view: iterations, unions, conditions, the types and order of columns."""

import pytest

from rounds.datamart.sql_on_fhir import ViewDefinition, compile_view
from rounds.nouns.errors import DefinitionError
from stories.views import rows, view_of

AMY = {
    "resourceType": "Patient",
    "id": "amy",
    "name": [{"family": "Shaw", "given": ["Amy", "V."]}, {"given": ["A."]}],
    "telecom": [{"value": "1"}, {"value": "2"}],
    "contact": [{"telecom": [{"value": "3"}], "name": {"family": "Low"}}],
}
BEN = {"resourceType": "Patient", "id": "ben", "name": [{"family": "Bell"}]}
CAL = {"resourceType": "Patient", "id": "cal"}
EVERYBODY = (AMY, BEN, CAL)


def column(name, path, **more):
    return {"name": name, "path": path, **more}


def view(*selects, resource="Patient", where=()):
    document = {"resource": resource, "select": list(selects)}
    return document | ({"where": [{"path": path} for path in where]} if where else {})


ID = {"column": [column("id", "id")]}


def table(document, *resources):
    return [tuple(row.values()) for row in rows(document, *resources)]


def test_each_item_is_a_row_and_who_has_none_has_no_row():
    each = {"forEach": "name", "column": [column("family", "family")]}
    found = table(view(ID, each), *EVERYBODY)
    assert found == [("amy", "Shaw"), ("amy", None), ("ben", "Bell")]


def test_who_has_no_item_has_one_row_of_nulls_where_it_is_asked_for():
    each = {
        "forEachOrNull": "name",
        "column": [
            column("place", "%rowIndex"),
            column("has", "family.exists()"),
            column("said", "'x'"),
            column("given", "given", collection=True),
        ],
    }
    assert table(view(ID, each), BEN, CAL) == [
        ("ben", 0, True, "x", []),
        ("cal", 0, None, None, None),
    ]


def test_sibling_iterations_multiply_the_first_varying_slowest():
    names = {"forEach": "name", "column": [column("given", "given.first()")]}
    telecoms = {"forEach": "telecom", "column": [column("value", "value")]}
    assert table(view(names, telecoms), *EVERYBODY) == [
        ("Amy", "1"),
        ("Amy", "2"),
        ("A.", "1"),
        ("A.", "2"),
    ]


def test_an_iteration_within_another_goes_over_its_items():
    inner = {
        "forEach": "given",
        "column": [column("given", "$this"), column("inner", "%rowIndex")],
    }
    outer = {
        "forEach": "name",
        "column": [column("outer", "%rowIndex")],
        "select": [inner],
    }
    assert table(view(outer), AMY) == [(0, "Amy", 0), (0, "V.", 1), (1, "A.", 0)]


def test_an_iteration_within_what_is_not_there_is_not_done():
    inner = {"forEach": "given", "column": [column("given", "$this")]}
    outer = {"forEachOrNull": "name", "select": [inner]}
    assert table(view(ID, outer), BEN, CAL) == [("cal", None)]


def test_a_union_gives_the_rows_of_each_branch_and_reads_the_data_once():
    def branch(path):
        return {"forEach": path, "column": [column("value", "value")]}

    whole = {
        "column": [column("id", "id")],
        "unionAll": [
            branch("telecom"),
            {"unionAll": [branch("contact.telecom"), branch("telecom.first()")]},
            {"column": [column("value", "name.family.first()")]},
        ],
    }
    found = table(view(whole), *EVERYBODY)
    assert sorted(found, key=str) == [
        ("amy", "1"),
        ("amy", "1"),
        ("amy", "2"),
        ("amy", "3"),
        ("amy", "Shaw"),
        ("ben", "Bell"),
        ("cal", None),
    ]
    sql = compile_view(ViewDefinition.parse(view(whole))).select("relation")
    assert sql.count("relation") == 1


def test_a_union_under_what_is_not_there_is_one_row_of_nulls():
    branches = [
        {"column": [column("what", "family")]},
        {"forEach": "given", "column": [column("what", "$this")]},
    ]
    each = {"forEachOrNull": "name", "unionAll": branches}
    found = table(view(ID, each), BEN, CAL)
    assert found == [("ben", "Bell"), ("cal", None)]


@pytest.mark.parametrize("depth", [1, 2, 7, 12])
def test_a_repeat_walks_down_every_path_deep_first(depth):
    def item(level):
        below = [item(level + 1)] if level < depth else []
        name = f"{level}"
        inside = {"item": below} if level % 2 else {"answer": [{"item": below}]}
        return {"linkId": name, **(inside if below else {})}

    response = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "item": [item(1), {"linkId": "last"}],
    }
    walk = {
        "repeat": ["item", "answer.item"],
        "column": [column("link", "linkId"), column("place", "%rowIndex")],
    }
    found = table(view(walk, resource="QuestionnaireResponse"), response)
    names = [*(str(level) for level in range(1, depth + 1)), "last"]
    assert found == [(name, place) for place, name in enumerate(names)]


def test_a_repeat_of_one_path_leaves_what_is_below_another():
    response = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "item": [
            {
                "linkId": "1",
                "item": [{"linkId": "1.1", "answer": [{"valueInteger": 3}]}],
                "answer": [{"valueString": "no", "item": [{"linkId": "hidden"}]}],
            }
        ],
    }
    answers = {
        "forEachOrNull": "answer",
        "column": [column("number", "value.ofType(integer)")],
    }
    walk = {
        "repeat": ["item"],
        "column": [column("link", "linkId")],
        "select": [answers],
    }
    found = table(view(walk, resource="QuestionnaireResponse"), response)
    assert found == [("1", None), ("1.1", 3)]


def test_only_resources_of_the_type_for_which_all_conditions_hold_are_in_it():
    other = {"resourceType": "Organization", "id": "o"}
    where = ("name.exists()", "name.family = 'Bell'")
    assert table(view(ID, where=where), *EVERYBODY, other) == [("ben",)]
    assert table(view(ID, where=("active",)), AMY, CAL | {"active": True}) == [("cal",)]


def test_columns_stand_in_the_order_of_the_specification():
    """A select's own first, then those of its selects, those of its union last."""
    document = view(
        {
            "column": [column("a", "'A'")],
            "unionAll": [{"column": [column("c", "'C'")]}],
            "select": [{"column": [column("b", "'B'")]}],
        },
        {"column": [column("d", "'D'")]},
    )
    assert rows(document, CAL) == [{"a": "A", "b": "B", "c": "C", "d": "D"}]


def test_a_column_has_the_sql_type_of_its_fhir_type_or_of_its_tag():
    def tagged(kind):
        return {"tag": [{"name": "ansi/type", "value": kind}]}

    document = view_of(
        "Observation",
        ("id", "id"),
        ("issued", "issued"),
        ("integer", "value.ofType(integer)"),
        ("boolean", "value.ofType(boolean)"),
        ("decimal", "value.ofType(Quantity).value"),
        ("number", "value.ofType(Quantity).value", tagged("DECIMAL(10, 2)")),
        ("day", "effective.ofType(dateTime)", tagged("date")),
        ("text", "value.ofType(boolean)", tagged("CHARACTER VARYING")),
        ("codes", "category.coding.code", {"collection": True}),
        ("none", "component.empty()"),
    )
    assert compile_view(ViewDefinition.parse(document)).columns == (
        ("id", "VARCHAR"),
        ("issued", "TIMESTAMP WITH TIME ZONE"),
        ("integer", "INTEGER"),
        ("boolean", "BOOLEAN"),
        ("decimal", "VARCHAR"),
        ("number", "DECIMAL(10, 2)"),
        ("day", "DATE"),
        ("text", "VARCHAR"),
        ("codes", "VARCHAR[]"),
        ("none", "BOOLEAN"),
    )


def test_what_is_read_is_what_the_paths_use_and_nothing_else():
    document = view_of(
        "Patient", ("a", "name.family.first()"), ("b", "contact.exists()")
    )
    assert compile_view(ViewDefinition.parse(document)).struct_columns == {
        "resourceType": "VARCHAR",
        "name": 'STRUCT("family" VARCHAR)[]',
        "contact": "JSON[]",
    }


def test_a_view_always_compiles_to_the_same_sql():
    document = view_of("Patient", ("a", "name.where(use = 'usual').given.join(' ')"))
    texts = {
        compile_view(ViewDefinition.parse(document)).select("relation")
        for _ in range(3)
    }
    assert len(texts) == 1


def test_everything_that_is_wrong_is_listed_at_once_with_its_place():
    document = {
        "resource": "Patient",
        "name": "1st",
        "constant": [{"name": "c"}],
        "whhere": [],
        "where": [{"path": "name.family"}],
        "select": [
            {
                "forEach": "name",
                "repeat": ["x"],
                "column": [
                    {"name": "a b", "path": "id"},
                    {"name": "c", "path": "birthdate"},
                    {"name": "d", "path": "(", "collectionn": True},
                ],
            },
            {"unionAll": [ID, {"column": [column("c", "id")]}], "column": "id"},
            {"column": [column("b", "birthDate", type="boolean")]},
            {"column": [column("b", "gender")]},
        ],
    }
    with pytest.raises(DefinitionError) as raised:
        ViewDefinition.parse(document)
    said = raised.value.what
    for place in (
        "   name:",
        "   constant[0]:",
        "   whhere:",
        "   where[0].path:",
        "   select[0]: only one of forEach, repeat",
        "   select[0].column[0].name:",
        "   select[0].column[2].path: '(':",
        "   select[0].column[2].collectionn:",
        "   select[1].column: a list is needed",
        "   select[1].unionAll[1]: its columns are not",
        "   select[2].column[0].path: it gives a date, not a boolean",
        "   select[3].column[0]: the column 'b' is there already",
    ):
        assert place in said, (place, said)


@pytest.mark.parametrize("wrong", [None, [], {}, {"select": [ID]}, "view"])
def test_what_is_no_view_is_refused(wrong):
    with pytest.raises(DefinitionError):
        ViewDefinition.parse(wrong)


def test_a_view_may_be_nested_and_long_but_not_without_end(tmp_path):
    deep = "(" * 500 + "id" + ")" * 500
    with pytest.raises(DefinitionError, match="too deeply"):
        ViewDefinition.parse(view_of("Patient", ("a", deep)))
    long = " or ".join(["active"] * 3000)
    with pytest.raises(DefinitionError, match="too long"):
        ViewDefinition.parse(view_of("Patient", ("a", long)))
    nested = ID
    for _ in range(60):
        nested = {"select": [nested]}
    with pytest.raises(DefinitionError, match="too deeply"):
        ViewDefinition.parse(view(nested))


def test_what_repeats_can_also_be_read_without_its_repeat():
    response = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "item": [{"linkId": "1", "item": [{"linkId": "1.1"}]}, {"linkId": "2"}],
    }
    walk = {"repeat": ["item"], "column": [column("link", "linkId")]}
    top = {
        "column": [column("n", "item.count()"), column("last", "item.last().linkId")]
    }
    found = table(view(top, walk, resource="QuestionnaireResponse"), response)
    assert found == [(2, "2", "1"), (2, "2", "1.1"), (2, "2", "2")]


def test_the_part_of_a_union_s_branch_is_counted_anew():
    branches = [
        {
            "forEachOrNull": path,
            "column": [column("n", "%rowIndex"), column("v", "value")],
        }
        for path in ("telecom", "contact.telecom")
    ]
    found = table(view(ID, {"unionAll": branches}), AMY, CAL)
    assert sorted(found, key=str) == [
        ("amy", 0, "1"),
        ("amy", 0, "3"),
        ("amy", 1, "2"),
        ("cal", 0, None),
        ("cal", 0, None),
    ]


def test_a_view_for_another_version_of_fhir_is_refused():
    document = view(ID) | {"fhirVersion": ["5.0.0"]}
    with pytest.raises(DefinitionError, match="fhirVersion"):
        ViewDefinition.parse(document)
    assert ViewDefinition.parse(view(ID) | {"fhirVersion": ["5.0.0", "4.0.1"]})
