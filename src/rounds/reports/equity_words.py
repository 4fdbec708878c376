"""What an equity analysis says, in two sentences that a patient understands."""

from rounds.nouns import Equity, Estimate, GroupGap, Inequality
from rounds.reports.charts import label

__all__ = ["characteristic_words", "equity_sentences"]

_WORDS = {
    "sex": "sex",
    "age": "age",
    "svi_quartile": "how deprived the area is",
    "race": "race",
    "ethnicity": "ethnicity",
    "insurance": "insurance",
    "social_need": "social needs",
}


def characteristic_words(name: str) -> str:
    """Give what a characteristic is called on a page.

    Examples
    --------
    >>> characteristic_words("svi_quartile")
    'how deprived the area is'
    """
    return _WORDS.get(name, name.replace("_", " "))


def equity_sentences(found: Equity) -> tuple[str, str]:
    r"""Say which group is behind, and of whom nothing is known.

    Parameters
    ----------
    found : Equity
        As it may be told.

    Returns
    -------
    (str, str)
        Made from the numbers, and saying no more than they do. At most grade 8.

    Examples
    --------
    >>> from rounds.nouns import NotEstimable, Period, Ref
    >>> few = NotEstimable(reason="Nobody is in the denominator.")
    >>> found = Equity(
    ...     name="x",
    ...     title="X",
    ...     measure=Ref(name="measure/x", version="1", hash="0" * 64),
    ...     period=Period(start="2024-01-01", end="2024-12-31"),
    ...     overall=few,
    ...     inequalities=(),
    ...     meeting=few,
    ... )
    >>> print(*equity_sentences(found), sep="\n")
    The data are too few to compare groups of patients.
    What groups patients belong to is not in these data.
    """
    return _behind(found), _unknown(found)


def _behind(found: Equity) -> str:
    told = [
        (gap.gap, one, gap)
        for one in found.inequalities
        for gap in one.gaps
        if isinstance(gap.gap, Estimate) and gap.gap.value is not None
    ]
    if not told:
        return "The data are too few to compare groups of patients."
    clear = [one for one in told if one[0].numbers[1] > 0]
    if not clear:
        return (
            "No group is clearly behind another in these data, though small gaps "
            "cannot be ruled out."
        )
    # Of the clear gaps that which is largest at the least.
    _, one, gap = max(clear, key=lambda each: each[0].numbers[1])
    return _gap(one, gap, others=len(clear) - 1)


def _gap(one: Inequality, gap: GroupGap, *, others: int) -> str:
    assert isinstance(gap.gap, Estimate)
    value, lower, upper = (label(100 * each, "number", 0) for each in gap.gap.numbers)
    best = next(
        (
            each.group
            for each in one.gaps
            if isinstance(each.gap, Estimate) and each.gap.value == 0
        ),
        "the best-off group",
    )
    more = ""
    if others:
        more = f" {others} more {'group is' if others == 1 else 'groups are'} behind."
    return (
        f"By {characteristic_words(one.characteristic)}, {gap.group} is behind "
        f"{best} by {value} in 100 patients ({lower} to {upper}).{more}"
    )


def _unknown(found: Equity) -> str:
    if not found.inequalities:
        return "What groups patients belong to is not in these data."
    missing = [
        (one.not_recorded.numbers[0], one.characteristic)
        for one in found.inequalities
        if isinstance(one.not_recorded, Estimate)
    ]
    if not missing:
        return "For how many patients this is not known may not be told."
    most, name = max(missing)
    words = characteristic_words(name)
    if not most:
        known = [characteristic_words(each) for _, each in missing]
        listed = " and ".join(
            (", ".join(known[:-1]), known[-1]) if known[1:] else known
        )
        return (
            f"Of each patient we know {listed}; a gap shows where to look, not what is "
            "behind it."
        )
    share = label(most, "percent", 1 if most < 0.0095 else 0)
    return (
        f"For {share} of patients {words} is not known, and they may do better or "
        "worse than the rest."
    )
