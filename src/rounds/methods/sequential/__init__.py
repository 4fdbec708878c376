"""Watching without peeking: several looks at one effect, with the error kept.

Group-sequential bounds where looks are few and the most information is planned
(`spending`, `spent_bounds`, `boundaries`, `futility`, `power`, `stopping`, all by the
recursion of `exits`); intervals that hold at any look where neither is (`always_valid`,
`bounded`, fed by `paths`); calibrated posterior probabilities (`bayesian`).
"""

from rounds.methods.sequential.always_valid import (
    ConfidenceSequence,
    confidence_sequence,
    mixture_bound,
    mixture_log_evidence,
    mixture_rho,
)
from rounds.methods.sequential.bayesian import (
    Calibrated,
    calibrated_threshold,
    exact_threshold,
    posterior_bounds,
    posterior_probability,
)
from rounds.methods.sequential.boundaries import (
    Boundaries,
    Sides,
    as_planned,
    shaped_bounds,
)
from rounds.methods.sequential.bounded import (
    bounded_mean_sequence,
    proportion_difference_sequence,
    proportion_log_evidence,
    proportion_sequence,
)
from rounds.methods.sequential.exits import Exits, exit_probabilities
from rounds.methods.sequential.futility import with_futility
from rounds.methods.sequential.paths import (
    Path,
    cluster_path,
    mean_path,
    proportion_path,
)
from rounds.methods.sequential.power import (
    Characteristics,
    characteristics,
    effect_for_power,
    expected_information,
)
from rounds.methods.sequential.spending import (
    HwangShihDeCani,
    KimDeMets,
    LanDeMetsOBrienFleming,
    LanDeMetsPocock,
    Planned,
    Spending,
)
from rounds.methods.sequential.spent_bounds import spending_bounds
from rounds.methods.sequential.stopping import (
    AfterStopping,
    after_stopping,
    repeated_intervals,
)

__all__ = [
    "AfterStopping",
    "Boundaries",
    "Calibrated",
    "Characteristics",
    "ConfidenceSequence",
    "Exits",
    "HwangShihDeCani",
    "KimDeMets",
    "LanDeMetsOBrienFleming",
    "LanDeMetsPocock",
    "Path",
    "Planned",
    "Sides",
    "Spending",
    "after_stopping",
    "as_planned",
    "bounded_mean_sequence",
    "calibrated_threshold",
    "characteristics",
    "cluster_path",
    "confidence_sequence",
    "effect_for_power",
    "exact_threshold",
    "exit_probabilities",
    "expected_information",
    "mean_path",
    "mixture_bound",
    "mixture_log_evidence",
    "mixture_rho",
    "posterior_bounds",
    "posterior_probability",
    "proportion_difference_sequence",
    "proportion_log_evidence",
    "proportion_path",
    "proportion_sequence",
    "repeated_intervals",
    "shaped_bounds",
    "spending_bounds",
    "with_futility",
]
