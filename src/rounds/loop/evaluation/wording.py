"""Counts in sentences, with none from 1 to 10 that could point at a person."""

__all__ = ["SMALL", "at_most", "share_in_words"]

SMALL = 10
"""Counts of persons from 1 to this are not said; a noun's text cannot be unsaid."""


def at_most(count: int) -> str:
    """Say a count of persons, or that it is small.

    Examples
    --------
    >>> at_most(4), at_most(1204)
    ('at most 10', '1,204')
    """
    return f"at most {SMALL}" if 0 < count <= SMALL else f"{count:,}"


def share_in_words(hits: int, total: int) -> str:
    """Say a share of persons; neither it nor its rest is a small count.

    Examples
    --------
    >>> share_in_words(600, 1200)
    '600 of 1,200 (50.0%)'
    >>> share_in_words(1195, 1200)
    'all but at most 10 of 1,200'
    """
    if 0 < total <= SMALL:
        return f"some of at most {SMALL}"
    if 0 < hits <= SMALL:
        return f"{at_most(hits)} of {total:,}"
    if 0 < total - hits <= SMALL:
        return f"all but at most {SMALL} of {total:,}"
    return f"{hits:,} of {total:,} ({hits / max(total, 1):.1%})"
