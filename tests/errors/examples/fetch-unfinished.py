"""A fetch of something else lies unfinished in the folder."""

# Not made here: it takes a server that breaks off; a test in tests/unit makes it.
