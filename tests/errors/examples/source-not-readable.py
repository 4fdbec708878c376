"""The folder to load from, or a file in it, may not be read."""

# Not made here: an administrator may read everything, so it takes another account.
