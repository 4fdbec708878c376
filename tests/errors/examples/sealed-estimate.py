"""A required diagnostic failed, so that the estimate holds its reason and no number."""

from rounds.nouns import Estimate

sealed = Estimate(scale="risk_difference", sealed="sample_ratio failed")
sealed.value

# Instead:
from rounds.nouns import Estimate

sealed = Estimate(scale="risk_difference", sealed="sample_ratio failed")
sealed.sealed
