"""Each check of a trial of two factors: asked of either, answered once.

Two looks are made where one is promised, so the smaller p-value counts twice.
"""

from rounds.nouns import Diagnostic, Factors

__all__ = ["of_both"]


def of_both(
    first: list[Diagnostic], second: list[Diagnostic], factors: Factors
) -> list[Diagnostic]:
    """Join the checks of two factors.

    Parameters
    ----------
    first, second : list of Diagnostic
        The same checks in the same order, each with a p-value that must not be small.

    Returns
    -------
    list of Diagnostic
        One of each name: it fails where the smaller p-value, doubled, is below the
        threshold, and is not evaluated where it is not for one of them.
    """
    return [_joined(a, b, factors) for a, b in zip(first, second, strict=True)]


def _joined(first: Diagnostic, second: Diagnostic, factors: Factors) -> Diagnostic:
    detail = f"{factors.first}: {first.detail} {factors.second}: {second.detail}"
    for one in (first, second):
        if one.value is None or one.threshold is None:
            return one.model_copy(update={"detail": detail})
    assert first.value is not None
    assert second.value is not None
    assert first.threshold is not None
    value = min(1.0, 2 * min(first.value, second.value))
    verdict = "fail" if value < first.threshold else "pass"
    return first.model_copy(
        update={"value": value, "verdict": verdict, "detail": detail}
    )
