"""A finished turn found no effect to carry on."""

# Not made here: it takes a whole turn; conduct asks first and leaves such a turn out.
