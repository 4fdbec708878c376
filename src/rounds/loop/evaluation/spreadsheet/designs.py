"""The designs of trials that a spreadsheet can hold: what each assumes and offers."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["SHEET_DESIGNS", "Method", "Scale", "SheetDesign"]

Scale = Literal[
    "difference",
    "risk-ratio",
    "odds-ratio",
    "hazard-ratio",
    "rmst-difference",
    "rmst-ratio",
    "rate-ratio",
    "rate-difference",
    "standardised-difference",
    "standardised-ratio",
    "complier-average",
    "per-protocol",
]
Method = Literal[
    "least-squares",
    "gee",
    "mixed",
    "mixed-wider",
    "permutation",
    "cox",
    "kaplan-meier",
    "rates",
    "standardisation",
    "two-stage",
    "as-allocated",
]


@dataclass(frozen=True)
class SheetDesign:
    """One way in which a trial was randomised.

    Parameters
    ----------
    unit : str
        What was randomised.
    methods : tuple of str
        How it can be analysed; the first unless another is asked for.
    assumes : tuple of str
        What must be true for its answer to be right.
    in_clusters : bool
        Whether a cluster was randomised as a whole, and must be named.
    within_clusters : bool
        Whether what was randomised lies in clusters, which must be named too.
    in_periods : bool
        Whether a cluster's exposure goes with the period.
    one_way : bool
        Whether a cluster that is exposed stays so.
    """

    unit: str
    methods: tuple[Method, ...]
    assumes: tuple[str, ...]
    in_clusters: bool = True
    within_clusters: bool = False
    in_periods: bool = False
    one_way: bool = False


SHEET_DESIGNS: dict[str, SheetDesign] = {
    "individual": SheetDesign(
        unit="persons",
        methods=("least-squares", "gee"),
        assumes=("Persons were randomised one by one, and none affects another.",),
        in_clusters=False,
    ),
    "cluster": SheetDesign(
        unit="clusters",
        methods=("least-squares", "gee", "mixed", "mixed-wider", "permutation"),
        assumes=(
            "Whole clusters were randomised, and nobody chose a cluster for its arm.",
        ),
    ),
    "encounter": SheetDesign(
        unit="visits",
        methods=("least-squares", "gee"),
        assumes=(
            "Each visit was randomised on its own, whatever came before it.",
            "The effect is of one visit, given the visits before it as they were.",
            "What a visit teaches patient or clinician does not reach later ones.",
        ),
        in_clusters=False,
        within_clusters=True,
    ),
    "matched-pairs": SheetDesign(
        unit="clusters",
        methods=("permutation",),
        assumes=(
            "Of each pair of clusters one was picked at random.",
            "Exposure adds the same to everybody's outcome.",
        ),
    ),
    "stepped-wedge": SheetDesign(
        unit="clusters",
        methods=("mixed", "mixed-wider", "gee", "permutation"),
        assumes=(
            "The order in which clusters switched was random.",
            "Time goes on alike in all clusters.",
            "The effect is the same from the first day of exposure on.",
        ),
        in_periods=True,
        one_way=True,
    ),
    "cluster-crossover": SheetDesign(
        unit="clusters",
        methods=("mixed", "mixed-wider", "gee", "permutation"),
        assumes=(
            "The order of the arms was random in each cluster.",
            "Nothing is carried over from one period to the next.",
        ),
        in_periods=True,
    ),
}
"""By the name that `--design` takes."""
