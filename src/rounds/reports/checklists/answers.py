"""What a record has to say to one item of a reporting guideline."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rounds.nouns import Published

__all__ = [
    "Answer",
    "Answers",
    "absent",
    "not_applicable",
    "not_yet",
    "partly",
    "reported",
    "within",
]

Status: TypeAlias = Literal[
    "reported", "partly", "not reported", "not yet", "not applicable", "by hand"
]


@dataclass(frozen=True)
class Answer:
    """What the record says to an item, where, and what is left for a person to say."""

    status: Status
    said: str = ""
    where: str = ""
    """Which part of the report, and of which published noun."""
    missing: str = ""


Answers: TypeAlias = dict[str, Answer]
"""Item and layer, as `4a` or `4a/cluster`, to what is said to it."""


def reported(said: str, where: str) -> Answer:
    """Give an item of which the record has all."""
    return Answer("reported", said, where)


def partly(said: str, where: str, missing: str) -> Answer:
    """Give an item of which the record has a part."""
    return Answer("partly", said, where, missing)


def absent(missing: str) -> Answer:
    """Give an item of which the record has nothing."""
    return Answer("not reported", missing=missing)


def not_applicable(why: str) -> Answer:
    """Give an item that this study has no use for."""
    return Answer("not applicable", why)


def not_yet(what: str) -> Answer:
    """Give an item that waits for a step of the loop."""
    return Answer("not yet", missing=f"It waits for the {what}.")


def within(part: str, noun: Published, field: str) -> str:
    """Say where something stands: the part of the report, the noun, the field."""
    return f"{part} · {noun.ref().short} · {field}"
