"""A finished turn whose estimate is sealed or not estimable is to be a source of the next."""

# Not made here: it takes a whole turn; conduct asks first and leaves such a turn out.
