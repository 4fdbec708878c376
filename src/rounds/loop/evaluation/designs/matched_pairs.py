"""Clinics were paired, and one of each pair was randomised to the reminder.

The pair is the stratum, and the cluster of the variance too: with pair effects the two
clinics of a pair have residuals that mirror each other, so a pair says one thing, not
two. With clusters of one clinic a robust variance would be half of what it should be
before its small-sample correction; with pairs the t statistic has about as many degrees
of freedom as there are pairs less one, exactly so where pairs are of one size.

References
----------
Chaisemartin C de, Ramirez-Cuellar J (2024). At what level should one cluster standard
errors in paired and small-strata experiments? American Economic Journal: Applied
Economics 16:193-212, arXiv:1906.00288; and the abstract of NBER working paper 27609,
where the half is found.
"""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs import parallel_cluster
from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.loop.evaluation.participants import Participants

__all__ = ["DESIGN"]


def _clusters(people: Participants) -> NDArray[np.str_]:
    return people.stratum


DESIGN = EvaluationDesign(
    unit="clinics",
    method=(
        "least squares on patients with pair effects, CR2 standard errors by pair, "
        "Satterthwaite degrees of freedom"
    ),
    clusters=_clusters,
    sample_ratio=parallel_cluster.DESIGN.sample_ratio,
    limitations=(
        *parallel_cluster.DESIGN.limitations,
        (
            "A pair of which one clinic enrolled nobody tells nothing of the effect, "
            "and what varies within a pair cannot be told from chance between them."
        ),
    ),
)
