"""What a record has to say to one item of a reporting guideline."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rounds.nouns import Published

__all__ = [
    "Answer",
    "Answers",
    "absent",
    "joined",
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


def joined(*answers: Answer) -> Answer:
    """Give one answer to an item that asks what several others say.

    While one of them waits for a step, so does the whole; else what is said, where and
    what is missing are put side by side.
    """
    waiting = [one for one in answers if one.status == "not yet"]
    if waiting:
        return waiting[0]
    told = [one for one in answers if one.status != "not applicable"]
    said = " ".join(dict.fromkeys(one.said for one in told if one.said))
    where = "; ".join(dict.fromkeys(one.where for one in told if one.where))
    missing = "; ".join(dict.fromkeys(one.missing for one in told if one.missing))
    if not said:
        return absent(missing)
    return partly(said, where, missing) if missing else reported(said, where)
