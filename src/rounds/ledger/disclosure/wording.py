"""Small counts in sentences: the last net, for text that a step wrote."""

import re

from rounds.methods.disclosure.suppression import THRESHOLD, is_small

__all__ = ["safe_text", "safe_texts"]

_PERSONS = (
    r"(?:patients?|persons?|people|participants?|outcomes?|visits?|calls?|cards?|"
    r"women|men|adults?)"
)
_OF = re.compile(
    rf"\b(\d[\d,]*) (?:out )?of (?:the )?(\d[\d,]*)(?= (?:\w+ ){{0,2}}{_PERSONS}\b)"
)
_ALONE = re.compile(rf"(?<![\d.,–-])(?<!of )(\d+)(?= (?:\w+ )?{_PERSONS}\b)")


def safe_text(text: str) -> str:
    """Say small counts of persons as "1–10", and rates that give one back likewise.

    Examples
    --------
    >>> safe_text("Outcomes are missing for 3 of 240 patients.")
    'Outcomes are missing for 1–10 of 240 patients.'
    >>> safe_text("7 patients opted out in 40 clinics.")
    '1–10 patients opted out in 40 clinics.'
    """
    return _ALONE.sub(_say_alone, _OF.sub(_say_of, text))


def safe_texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Do the same to each of several."""
    return tuple(safe_text(text) for text in texts)


def _say_of(match: re.Match[str]) -> str:
    part, whole = (int(group.replace(",", "")) for group in match.groups())
    if is_small(whole):
        return f"some of 1–{THRESHOLD}"
    if is_small(part):
        return f"1–{THRESHOLD} of {match[2]}"
    if is_small(whole - part):
        return f"nearly all of {match[2]}"
    return match[0]


def _say_alone(match: re.Match[str]) -> str:
    return f"1–{THRESHOLD}" if is_small(int(match[1])) else match[0]
