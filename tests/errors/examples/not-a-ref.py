"""A reference is not of the form `kind/name|version#hash`."""

from rounds.nouns import Ref

Ref.parse("problem/hypertension")

# Instead:
from rounds.nouns import Ref

Ref.parse("problem/hypertension|1#" + "0" * 64)
