"""From the tree of an expression to SQL: `compile_expression`."""

from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from rounds.datamart.sql_on_fhir import fhirpath
from rounds.datamart.sql_on_fhir.elements import INTEGERS
from rounds.datamart.sql_on_fhir.fhirpath import Expression, FhirPathError
from rounds.datamart.sql_on_fhir.functions import FUNCTIONS, OF_A_CHOICE
from rounds.datamart.sql_on_fhir.navigation import (
    child,
    exists,
    insist_on_type,
    of_type,
)
from rounds.datamart.sql_on_fhir.operators import OPERATORS, number
from rounds.datamart.sql_on_fhir.shape import text
from rounds.datamart.sql_on_fhir.values import Value, nothing, one_of

__all__ = ["Scope", "compile_expression", "constant"]

_VOCABULARIES = {
    "ucum": "http://unitsofmeasure.org",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}


@dataclass(frozen=True)
class Scope:
    """What the names in an expression stand for."""

    this: Value
    root: Value
    index: str = "0"
    """The SQL of `%rowIndex`."""
    constants: dict[str, Value] = field(default_factory=dict)

    def within(self, this: Value) -> "Scope":
        """Give the scope in which an item is `$this`."""
        return replace(self, this=this)


def constant(kind: str, value: str) -> Value:
    """Give a value that is written out, of a FHIR type."""
    if kind == "boolean" or kind in INTEGERS:
        return Value(value, kind, literal=value)
    return Value(text(value), kind, literal=value)


@dataclass(frozen=True)
class _Call:
    """The arguments of one call, compiled as its function asks for them."""

    arguments: tuple[Expression, ...]
    scope: Scope

    @property
    def n(self) -> int:
        return len(self.arguments)

    def argument(self, place: int) -> Value:
        return compile_expression(self.arguments[place], self.scope)

    def of_each(self, place: int, this: Value) -> Value:
        return compile_expression(self.arguments[place], self.scope.within(this))

    def written(self, place: int) -> Expression:
        return self.arguments[place]


def compile_expression(tree: Expression, scope: Scope) -> Value:
    """Compile an expression.

    Parameters
    ----------
    tree : Expression
        What `fhirpath.parse` gives.
    scope : Scope
        What its names stand for.

    Raises
    ------
    FhirPathError
        If a name is not known, or a type does not fit.
    """
    match tree:
        case fhirpath.Literal(kind="empty"):
            return nothing()
        case fhirpath.Literal():
            return constant(tree.kind, tree.value)
        case fhirpath.Constant():
            return _constant(tree.name, scope)
        case fhirpath.Special():
            if tree.name != "$this":
                raise FhirPathError(f"'{tree.name}' is not supported")
            return scope.this
        case fhirpath.Member():
            return _member(tree, scope)
        case fhirpath.Index():
            of = compile_expression(tree.of, scope)
            insist_on_type(of, "before an index")
            at = number(compile_expression(tree.at, scope))
            return one_of(of, str(int(at) + 1) if at.isdigit() else f"{at} + 1")
        case fhirpath.Unary():
            of = compile_expression(tree.of, scope)
            is_computed = of.kind == "decimal"
            sql = f"({tree.operator}{number(of)})"
            return Value(sql, of.kind, is_computed=is_computed)
        case fhirpath.Binary():
            return _binary(tree, scope)
        case fhirpath.TypeOperator():
            found = of_type(compile_expression(tree.of, scope), tree.type)
            return found if tree.operator == "as" else Value(exists(found), "boolean")
        case fhirpath.Call():
            return _call(tree, scope)


def _constant(name: str, scope: Scope) -> Value:
    if name in scope.constants:
        return scope.constants[name]
    if name == "rowIndex":
        return Value(scope.index, "integer")
    if name in {"resource", "rootResource", "context"}:
        return scope.root
    if name in _VOCABULARIES:
        return constant("uri", _VOCABULARIES[name])
    known = ", ".join(f"%{each}" for each in scope.constants) or "none"
    raise FhirPathError(f"'%{name}' is not a constant of the view; there are: {known}")


def _member(tree: fhirpath.Member, scope: Scope) -> Value:
    if tree.of is not None:
        return child(compile_expression(tree.of, scope), tree.name)
    if scope.this.is_root and tree.name in {scope.root.kind, "Resource"}:
        return scope.this
    return child(scope.this, tree.name)


def _binary(tree: fhirpath.Binary, scope: Scope) -> Value:
    left = compile_expression(tree.left, scope)
    right = compile_expression(tree.right, scope)
    for value in (left, right):
        insist_on_type(value, f"beside '{tree.operator}'")
    if tree.operator not in OPERATORS:
        raise FhirPathError(f"the operator '{tree.operator}' is not supported")
    return OPERATORS[tree.operator](left, right)


def _call(tree: fhirpath.Call, scope: Scope) -> Value:
    function = FUNCTIONS.get(tree.name)
    if function is None:
        close = get_close_matches(tree.name, FUNCTIONS, n=1)
        hint = f"; did you mean {close[0]}()?" if close else ""
        raise FhirPathError(f"the function {tree.name}() is not supported{hint}")
    if not function.least <= len(tree.arguments) <= function.most:
        wanted = (
            str(function.least)
            if function.least == function.most
            else f"{function.least} to {function.most}"
        )
        raise FhirPathError(
            f"{tree.name}() takes {wanted} arguments, not {len(tree.arguments)}"
        )
    of = compile_expression(tree.of, scope) if tree.of is not None else scope.this
    if tree.name not in OF_A_CHOICE or (tree.name == "exists" and tree.arguments):
        insist_on_type(of, f"before {tree.name}()")
    return function.compile(of, _Call(tree.arguments, scope))
