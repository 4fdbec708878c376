"""Questions of screening for social needs, and what each answer says."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["ScreeningAnswer", "screening_answers"]


@dataclass(frozen=True)
class ScreeningAnswer:
    """One answer to one question of LOINC, and whether it says that there is a need."""

    question: str
    """LOINC code of the question."""
    domain: str
    """What it is about: housing, utilities, food, material, transport and so on."""
    need: bool
    words: tuple[str, ...] = ()
    """How the answer is written: its LOINC code, another code, its display."""
    at_least: float | None = None
    """Of a score: where a need begins; answers below it say that there is none."""


@cache
def screening_answers() -> tuple[ScreeningAnswer, ...]:
    """Give the answers that say something of a social need.

    Returns
    -------
    tuple of ScreeningAnswer
        Of PRAPARE, the AHC HRSN screening tool and the Hunger Vital Sign, as
        `social_needs.csv` has them. Who does not know or declines says nothing: such
        answers are not listed. Of a list of things that were lacking, and of
        employment, only what is a need is listed.

    References
    ----------
    .. [1] HL7, SDOH Clinical Care implementation guide, questionnaires of PRAPARE and
       of the Hunger Vital Sign, and their maps to observations and conditions (read at
       the guide's state of 21 August 2026): the codes of LOINC, and that of two
       questions on food "often" and "sometimes true" are a risk.
    .. [2] New York eHealth Collaborative, SHIN-NY implementation guide for the 1115
       waiver: the AHC HRSN tool's answers that show a possible unmet need, and a score
       of safety of 11 or more.

    Examples
    --------
    >>> {one.domain for one in screening_answers() if one.question == "88122-7"}
    {'food'}
    """
    text = resources.files(__package__).joinpath("social_needs.csv").read_text("utf-8")
    return tuple(_answer(row) for row in csv.DictReader(text.splitlines()))


def _answer(row: dict[str, str]) -> ScreeningAnswer:
    need = row["need"] == "yes"
    given = row["answer"]
    if given[:1] in "<>":
        bound = float(given.lstrip("<>="))
        return ScreeningAnswer(row["question"], row["domain"], need, at_least=bound)
    words = tuple(given.split("|"))
    return ScreeningAnswer(row["question"], row["domain"], need, words)
