"""Two resources have the same key, so their rows could not be told apart."""

# Not made here: two ids with one half of their MD5 in common cannot be found in a moment; tests/errors shorten the keys.
