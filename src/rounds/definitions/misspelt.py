"""What is wrong with a definition that a person typed, with the nearest right word."""

import typing
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

__all__ = ["fields_in_error"]


def fields_in_error(noun: type[BaseModel], error: ValidationError) -> list[str]:
    """Say every field that is in error, each as `field: what is wrong`.

    Parameters
    ----------
    noun : type
        What was to be made.
    error : ValidationError
        Why it could not be.

    Returns
    -------
    list of str
        Where a word is no field, or not one of those that may stand there, the nearest
        that may is named; where none is near, all of them are.
    """
    found = []
    for item in error.errors(include_url=False):
        steps = list(item["loc"])
        where = ".".join(str(step) for step in _written(noun, steps)) or "the whole"
        said = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            parents = _reached(noun, steps[:-1])
            known = dict.fromkeys(name for one in parents for name in one.model_fields)
            said = f"there is no such field. {_nearest(str(steps[-1]), known)}"
        elif item["type"] in {"union_tag_invalid", "literal_error"}:
            context = item.get("ctx", {})
            listed = context.get("expected_tags") or context.get("expected", "")
            words = [
                word.strip(" '") for word in listed.replace(" or ", ",").split(",")
            ]
            given = context.get("tag", item["input"])
            given = given if isinstance(given, str) else ""
            said = f"{given!r} is none of these. " if given else ""
            said += _nearest(given, words)
        elif item["type"] == "union_tag_not_found":
            said = "say which with op: " + _nearest("", _ops(_reached(noun, steps)))
        found.append(f"{where}: {said}")
    return found


def _nearest(word: str, known: Iterable[str]) -> str:
    words = list(known)
    near = get_close_matches(word, words, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(words)}"


def _ops(nouns: Iterable[type[BaseModel]]) -> list[str]:
    return [tag for one in nouns if (tag := _tag(one))]


def _tag(noun: type[BaseModel]) -> str:
    """Give the word by which a node of a union is told."""
    field = noun.model_fields.get("op")
    if field is None or typing.get_origin(field.annotation) is not Literal:
        return ""
    return str(typing.get_args(field.annotation)[0])


def _reached(noun: type[BaseModel], steps: list[Any]) -> list[type[BaseModel]]:
    """Give the nouns that may stand where a path leads."""
    nouns = [noun]
    for step in steps:
        nouns = list(_next(nouns, step))
    return nouns


def _written(noun: type[BaseModel], steps: list[Any]) -> Iterator[Any]:
    """Give a path as it is written: without the words that tell nodes apart."""
    nouns = [noun]
    for step in steps:
        fields = {name for one in nouns for name in one.model_fields}
        if isinstance(step, int) or step in fields or not _is_tag(nouns, step):
            yield step
        nouns = list(_next(nouns, step))


def _is_tag(nouns: list[type[BaseModel]], step: str) -> bool:
    return step in {"anchor", "date", "occurrence", "point", "reading", *_ops(nouns)}


def _next(nouns: list[type[BaseModel]], step: Any) -> Iterator[type[BaseModel]]:
    if isinstance(step, int):
        yield from nouns
        return
    inside = [
        part
        for one in nouns
        if step in one.model_fields
        for part in _nouns(one.model_fields[step].annotation)
    ]
    told = [one for one in nouns if _tag(one) == step or one.__name__.lower() == step]
    yield from inside or told or nouns


def _nouns(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in typing.get_args(kind):
        yield from _nouns(part)
