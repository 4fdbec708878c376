"""What a variance partition says, in two sentences that a patient understands."""

from rounds.nouns import Estimate, LevelVariance, NotEstimable, VariancePartition
from rounds.reports.charts import label

__all__ = ["partition_sentences"]


def partition_sentences(found: VariancePartition) -> tuple[str, str]:
    r"""Say where differences lie, and what goes with them.

    Parameters
    ----------
    found : VariancePartition
        With its levels.

    Returns
    -------
    (str, str)
        Made from the numbers, and saying no more than they do. At most grade 8.

    Examples
    --------
    >>> from rounds.nouns import Period, Ref
    >>> few = NotEstimable(reason="Three sites are too few.")
    >>> found = VariancePartition(
    ...     name="x",
    ...     title="X",
    ...     measure=Ref(name="measure/x", version="1", hash="0" * 64),
    ...     period=Period(start="2024-01-01", end="2024-12-31"),
    ...     overall=few,
    ...     levels=(LevelVariance(level="site", model="crude", share=few),),
    ... )
    >>> print(*partition_sentences(found), sep="\n")
    The data are too few to tell how much sites differ.
    These data cannot tell what goes with how sites differ.
    """
    return _where(found), _with_what(found)


def _where(found: VariancePartition) -> str:
    site, clinician = (_level(found, name, "crude") for name in ("site", "clinician"))
    if site is None or isinstance(site.share, NotEstimable):
        return "The data are too few to tell how much sites differ."
    told = f"Of how results vary, {_share(site.share)} lies with the site"
    if clinician is None or isinstance(clinician.share, NotEstimable):
        return f"{told} and the rest with the patients of one site."
    return f"{told} and {_share(clinician.share)} with the doctor."


def _with_what(found: VariancePartition) -> str:
    site = _level(found, "site", "case_mix")
    change = None if site is None else site.explained
    if not isinstance(change, Estimate):
        return "These data cannot tell what goes with how sites differ."
    value, lower, upper = change.numbers
    if lower > 0:
        return (
            f"Age and sex go with some {_percent(value)} of how sites differ "
            f"({_percent(lower)} to {_percent(upper)}); why the rest is there is not "
            "known."
        )
    if upper < 0:
        return (
            "Once age and sex are known, sites differ more than they seem to, and why "
            "they do is not known."
        )
    return (
        "It is not clear that age and sex go with how sites differ, and why they "
        "differ is not known."
    )


def _level(found: VariancePartition, name: str, model: str) -> LevelVariance | None:
    return next(
        (one for one in found.levels if (one.level, one.model) == (name, model)), None
    )


def _share(told: Estimate) -> str:
    value, lower, upper = told.numbers
    return f"{_percent(value)} ({_percent(lower)} to {_percent(upper)})"


def _percent(share: float) -> str:
    digits = 1 if 0 < abs(share) < 0.0095 else 0
    return label(share, "percent", digits)
