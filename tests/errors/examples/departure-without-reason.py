"""A person decides otherwise than the rule recommends and gives no reason."""

# Not made here: it takes a whole evaluation; the same rule on the noun is shown under invalid-noun.
