"""Which extensions of CONSORT a trial's design asks for."""

from collections.abc import Iterable
from typing import Final

from rounds.reports.checklists.trial import Trial

__all__ = ["LAYERS", "asked_of", "layers_of"]

UNCOMPARED: Final = (
    "These items and their numbers have not been compared with the statement's full "
    "table: compare them before a journal is sent this list."
)
"""Beside a statement of which more than its abstract was not at hand."""
LAYERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "cluster": (
        "cluster trials",
        ("Campbell and others, cluster randomised trials. doi:10.1136/bmj.e5661",),
    ),
    "stepped-wedge": (
        "stepped-wedge trials",
        (
            "Hemming and others, stepped wedge trials. doi:10.1136/bmj.k1614",
            UNCOMPARED,
        ),
    ),
    "crossover": (
        "cross-over trials",
        (
            "Dwan and others, randomised crossover trials. doi:10.1136/bmj.l4378",
            "McKenzie and others, cluster cross-overs. doi:10.1136/bmj-2024-080472",
            UNCOMPARED,
        ),
    ),
    "factorial": (
        "factorial trials",
        (
            "Kahan and others, factorial trials. doi:10.1001/jama.2023.19793",
            UNCOMPARED,
        ),
    ),
    "adaptive": (
        "adaptive designs",
        (
            "Dimairo and others, adaptive designs (ACE). doi:10.1136/bmj.m115",
            UNCOMPARED,
        ),
    ),
    "routine": (
        "routine data",
        ("Kwakkenbos and others, CONSORT-ROUTINE. doi:10.1136/bmj.n857",),
    ),
}
"""Its name and the publications that its items follow, in our own words."""
_SPLIT: Final = {"10": "10b"}
"""Items of the extension for clusters that stepped wedges have under another number."""


def layers_of(trial: Trial) -> frozenset[str]:
    """Say which extensions ask something of a trial.

    Returns
    -------
    frozenset of str
        Keys of `LAYERS`. `adaptive` where looks are planned: stopping early is an
        adaptation too.
    """
    design = trial.rollout.design
    layers = {"routine"}
    if design.unit == "clinic":
        layers.add("cluster")
    if design.schedule is not None:
        wedge = design.schedule.kind == "stepped_wedge"
        layers.add("stepped-wedge" if wedge else "crossover")
    if design.factors is not None:
        layers.add("factorial")
    if trial.protocol.looks is not None:
        layers.add("adaptive")
    return frozenset(layers)


def asked_of(
    rows: Iterable[dict[str, str]], layers: frozenset[str]
) -> list[dict[str, str]]:
    """Keep the items that are asked of a trial.

    The extension for stepped wedges words anew what that for clusters asks: where both
    have an item, the former's is kept.
    """
    rows = list(rows)
    anew = set()
    if "stepped-wedge" in layers:
        anew = {row["item"] for row in rows if row["layer"] == "stepped-wedge"}

    def wanted(row: dict[str, str]) -> bool:
        layer, item = row["layer"], row["item"]
        if layer == "cluster" and _SPLIT.get(item, item) in anew:
            return False
        return layer not in LAYERS or layer in layers

    return [row for row in rows if wanted(row)]
