"""How hard a text is to read: the Flesch–Kincaid grade, computed on what is shown."""

import re
from html.parser import HTMLParser

__all__ = ["HIGHEST_GRADE", "flesch_kincaid_grade", "running_text", "syllables"]

HIGHEST_GRADE = 8.0
"""The greatest grade that a page for patients may have."""

# Words whose spelling misleads the rule below; they occur on our pages.
_KNOWN = {
    "area": 3, "being": 2, "business": 2, "diabetes": 4, "doing": 2, "every": 2,
    "evening": 2, "idea": 3, "million": 2, "once": 1, "opinion": 3, "something": 2,
    "someone": 2, "sometimes": 2, "seeing": 2, "whole": 1,
}  # fmt: skip


def syllables(word: str) -> int:
    """Count a word's syllables by its spelling; a number counts one a digit.

    Groups of vowels are counted; a silent last e, a silent -ed and a silent -es are
    taken away; `ia` and `io` are two where no c, g, s, t or x stands before them.

    Parameters
    ----------
    word : str
        One word, in English, or a number.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> [syllables(w) for w in ("care", "patients", "medicine", "trial", "140")]
    [1, 2, 3, 2, 3]
    """
    digits = sum(character.isdigit() for character in word)
    letters = re.sub(r"[^a-z]", "", word.lower())
    if not letters:
        return max(digits, 1)
    if letters in _KNOWN:
        return _KNOWN[letters]
    count = len(re.findall(r"[aeiouy]+", letters))
    count += len(re.findall(r"(?<![cgstx])i[ao]", letters))
    silent_e = re.search(r"[^aeiouy]e$", letters) and not re.search(
        r"[^aeiouyl]le$", letters
    )
    silent_ed = re.search(r"[^aeiouytd]ed$", letters)
    silent_es = re.search(r"[^aeiouyscgxz]es$", letters) and not re.search(
        r"([cs]h|[^aeiouyl]l)es$", letters
    )
    if silent_e or silent_ed or silent_es:
        count -= 1
    return max(count, 1) + digits


def flesch_kincaid_grade(blocks: list[str]) -> float:
    """Give the grade of American schooling at which a text is understood.

    Parameters
    ----------
    blocks : list of str
        Paragraphs and list items; the end of each ends a sentence.

    Returns
    -------
    float
        0.39 words per sentence + 11.8 syllables per word - 15.59.

    Raises
    ------
    ValueError
        If there is no word.

    References
    ----------
    .. [1] Kincaid JP, Fishburne RP, Rogers RL, Chissom BS. Derivation of new
       readability formulas for Navy enlisted personnel. Research Branch Report 8-75,
       1975; the formula as given at
       https://en.wikipedia.org/wiki/Flesch%E2%80%93Kincaid_readability_tests

    Examples
    --------
    >>> round(flesch_kincaid_grade(["The cat sat on the mat."]), 2)
    -1.45
    """
    sentences = words = sounds = 0
    for block in blocks:
        for sentence in re.split(r"[.!?]+(?:\s|$)", block):
            found = re.findall(r"[\w’'.,%-]*\w[\w’'%-]*", sentence)
            if found:
                sentences += 1
                words += len(found)
                sounds += sum(syllables(word) for word in found)
    if not words:
        raise ValueError("there is no word in the text")
    return 0.39 * words / sentences + 11.8 * sounds / words - 15.59


class _Paragraphs(HTMLParser):
    """Collects the words of paragraphs and list items, and of nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in ("p", "li"):
            self._open.append(tag)
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[-1]:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.blocks[-1] += data


def running_text(html: str) -> list[str]:
    """Give the paragraphs and list items of a page, without their mark-up.

    Headings are left out: they are short, and would flatter the grade.

    Examples
    --------
    >>> running_text("<h2>Why?</h2><p>It <b>helps</b>.</p>")
    ['It helps.']
    """
    parser = _Paragraphs()
    parser.feed(html)
    blocks = [re.sub(r"\s+", " ", block).strip() for block in parser.blocks]
    return [block for block in blocks if block]
