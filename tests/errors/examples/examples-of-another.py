"""Example patients are tried with a measure that they are not of."""

from rounds.definitions import builtin_examples, builtin_measures, unexpected

unexpected(
    builtin_measures()["colorectal-cancer-screening"],
    builtin_examples()["breast-cancer-screening"],
)

# Instead:
from rounds.definitions import builtin_examples, builtin_measures, unexpected

unexpected(
    builtin_measures()["missed-appendicitis"],
    builtin_examples()["missed-appendicitis"],
)
