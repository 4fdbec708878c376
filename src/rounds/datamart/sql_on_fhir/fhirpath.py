"""A parser of FHIRPath: text in, a small tree out.

    implies < or xor < and < in contains < = ~ != !~ < > < <= >= < |
        < is as < + - & < * / div mod < unary + - < . [ ]

The whole grammar of expressions is read; what the compiler cannot do with a tree it
says later, by name. Order of precedence: http://hl7.org/fhirpath/#operator-precedence
"""

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

__all__ = [
    "Binary",
    "Call",
    "Constant",
    "Expression",
    "FhirPathError",
    "Index",
    "Literal",
    "Member",
    "Special",
    "TypeOperator",
    "Unary",
    "UnknownElementError",
    "parse",
]


class FhirPathError(ValueError):
    """An expression that cannot be read or cannot be compiled."""


class UnknownElementError(FhirPathError):
    """A step to an element that the type does not have."""


@dataclass(frozen=True)
class Literal:
    """A value written out; its kind is a FHIRPath type, or `empty` for `{}`."""

    kind: str
    value: str


@dataclass(frozen=True)
class Member:
    """An element of what stands before it, or of `$this`."""

    of: "Expression | None"
    name: str


@dataclass(frozen=True)
class Call:
    """A function of what stands before it, or of `$this`."""

    of: "Expression | None"
    name: str
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Index:
    """One item of a collection, counted from 0."""

    of: "Expression"
    at: "Expression"


@dataclass(frozen=True)
class Binary:
    """An operator between two expressions."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Unary:
    """A sign before an expression."""

    operator: str
    of: "Expression"


@dataclass(frozen=True)
class TypeOperator:
    """`is` or `as`, with the name of a type."""

    operator: str
    of: "Expression"
    type: str


@dataclass(frozen=True)
class Constant:
    """`%name`: a constant of the view, or a variable of the environment."""

    name: str


@dataclass(frozen=True)
class Special:
    """One of `$this`, `$index` and `$total`."""

    name: str


Expression: TypeAlias = (
    Literal | Member | Call | Index | Binary | Unary | TypeOperator | Constant | Special
)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<time>@T\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)
  | (?P<date>@\d{4}(?:-\d{2}(?:-\d{2})?)?
        (?:T(?:\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<constant>%(?:\w+|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'))
  | (?P<special>\$\w+)
  | (?P<name>[A-Za-z_]\w*|`(?:[^`\\]|\\.)*`)
  | (?P<operator><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "~", "!=", "!~"),
    (">", "<", "<=", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
    ("*", "/", "div", "mod"),
)
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_UNIT = re.compile(r"(year|month|week|day|hour|minute|second|millisecond)s?")
_DEEPEST = 40


def _unquoted(text: str) -> str:
    return re.sub(
        r"\\(u[0-9A-Fa-f]{4}|.)",
        lambda found: (
            chr(int(found[1][1:], 16))
            if len(found[1]) > 1
            else _ESCAPED.get(found[1], found[1])
        ),
        text[1:-1],
    )


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FhirPathError(
                f"{text[position]!r} at character {position + 1} is not FHIRPath"
            )
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_Token(kind, match[0], position))
        position = match.end()
    found.append(_Token("end", "", len(text)))
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._now
        self._at += 1
        return token

    def _expect(self, text: str) -> None:
        if self._now.text != text:
            raise self._unexpected(f"{text!r} was expected")
        self._at += 1

    def _unexpected(self, wanted: str) -> FhirPathError:
        token = self._now
        if token.kind == "end":
            return FhirPathError(f"the expression ends where {wanted}")
        return FhirPathError(
            f"{token.text!r} at character {token.position + 1} stands where {wanted}"
        )

    def whole(self) -> Expression:
        tree = self._level(0)
        if self._now.kind != "end":
            raise self._unexpected("nothing more was expected")
        return tree

    def _level(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._signed()
        left = self._level(level + 1)
        while self._is_operator(_LEVELS[level]):
            operator = self._next().text
            if operator in {"is", "as"}:
                left = TypeOperator(operator, left, self._type_name())
            else:
                left = Binary(operator, left, self._level(level + 1))
        return left

    def _is_operator(self, texts: tuple[str, ...]) -> bool:
        return self._now.kind in {"operator", "name"} and self._now.text in texts

    def _type_name(self) -> str:
        if self._now.kind != "name":
            raise self._unexpected("a type was expected")
        name = self._next().text.strip("`")
        if self._now.text == ".":
            self._next()
            return f"{name}.{self._next().text.strip('`')}"
        return name

    def _signed(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FhirPathError("it is nested too deeply")
        if self._now.kind == "operator" and self._now.text in {"+", "-"}:
            tree: Expression = Unary(self._next().text, self._signed())
        else:
            tree = self._steps()
        self._depth -= 1
        return tree

    def _steps(self) -> Expression:
        tree = self._term()
        while self._now.kind == "operator" and self._now.text in {".", "["}:
            if self._next().text == "[":
                tree = Index(tree, self._level(0))
                self._expect("]")
            else:
                tree = self._invocation(tree)
        return tree

    def _term(self) -> Expression:
        token = self._now
        if token.text == "(":
            self._next()
            tree = self._level(0)
            self._expect(")")
            return tree
        if token.text == "{":
            self._next()
            self._expect("}")
            return Literal("empty", "")
        if token.kind == "constant":
            name = self._next().text[1:]
            return Constant(_unquoted(name) if name[:1] in "`'" else name)
        if token.kind in {"number", "string", "date", "time"}:
            return self._literal()
        return self._invocation(None)

    def _literal(self) -> Expression:
        token = self._next()
        if token.kind == "number":
            unit = self._now
            if unit.kind == "string" or _UNIT.fullmatch(unit.text):
                raise FhirPathError("a quantity with a unit is not supported")
            return Literal("decimal" if "." in token.text else "integer", token.text)
        if token.kind == "string":
            return Literal("string", _unquoted(token.text))
        if token.kind == "time":
            return Literal("time", token.text[2:])
        has_time = "T" in token.text
        return Literal("dateTime" if has_time else "date", token.text[1:].rstrip("T"))

    def _invocation(self, of: Expression | None) -> Expression:
        token = self._now
        if token.kind == "special" and of is None:
            return Special(self._next().text)
        if token.kind != "name":
            raise self._unexpected("an element, a function or a value was expected")
        self._next()
        is_quoted = token.text.startswith("`")
        name = _unquoted(token.text) if is_quoted else token.text
        if self._now.text == "(" and not is_quoted:
            return Call(of, name, self._arguments())
        if of is None and name in {"true", "false"} and not is_quoted:
            return Literal("boolean", name)
        return Member(of, name)

    def _arguments(self) -> tuple[Expression, ...]:
        self._expect("(")
        found: list[Expression] = []
        if self._now.text != ")":
            found.append(self._level(0))
            while self._now.text == ",":
                self._next()
                found.append(self._level(0))
        self._expect(")")
        return tuple(found)


def parse(text: str) -> Expression:
    """Parse one expression.

    Parameters
    ----------
    text : str
        FHIRPath, for instance `name.where(use = 'official').family`.

    Raises
    ------
    FhirPathError
        If it is not FHIRPath; the message says where.

    Examples
    --------
    >>> parse("name.first()")
    Call(of=Member(of=None, name='name'), name='first', arguments=())
    """
    if not text.strip():
        raise FhirPathError("it is empty")
    return _Parser(text).whole()
