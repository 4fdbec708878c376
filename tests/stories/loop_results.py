"""A loop's line, as the grader keeps it."""

from rounds.school import LoopResult


def result(**changes):
    plain = {
        "scenario": "effect",
        "seed": 1,
        "decision": "adopt",
        "sealed": None,
        "truth": 0.06,
        "value": 0.07,
        "lower": 0.03,
        "upper": 0.11,
        "harm_truth": 0.0,
        "harm_value": 0.0,
        "harm_lower": -0.01,
        "harm_upper": 0.01,
    }
    return LoopResult(**plain | changes)


def told_result(**changes):
    """Give one that also says what other ways would have done."""
    ways = {
        "weeks": 26,
        "share_active": 0.5,
        "better": "card",
        "before_after": "adopt",
        "before_after_value": 0.08,
        "before_after_weeks": 39,
    }
    return result(**ways | changes)
