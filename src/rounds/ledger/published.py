"""Which kinds of noun are published, and in which folder of a site each belongs."""

from rounds.nouns import Published

__all__ = ["FOLDERS", "kinds"]

FOLDERS = {
    "concept-set": "1-problems",
    "cohort": "1-problems",
    "measure": "1-problems",
    "community": "1-problems",
    "problem": "1-problems",
    "opportunity-list": "1-problems",
    "equity": "1-problems",
    "variance-partition": "1-problems",
    "alert": "1-problems",
    "source": "2-evidence",
    "evidence": "2-evidence",
    "knowledge-object": "3-changes",
    "protocol": "3-changes",
    "rollout": "3-changes",
    "modification": "3-changes",
    "look": "4-evaluations",
    "evaluation": "4-evaluations",
    "maintenance": "4-evaluations",
    "decision": "5-decisions",
    "turn": "5-decisions",
}
"""The loop written a third time: a site's folders."""


def kinds() -> dict[str, type[Published]]:
    """Give the class of every published kind, found through its subclasses.

    Examples
    --------
    >>> kinds()["problem"].__name__
    'Problem'
    """
    found: dict[str, type[Published]] = {}
    waiting = list(Published.__subclasses__())
    while waiting:
        noun = waiting.pop(0)
        waiting += noun.__subclasses__()
        if "kind" in noun.__dict__:
            found[noun.kind] = noun
    return found
