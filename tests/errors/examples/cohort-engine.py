"""A cohort is asked of an engine that cannot keep what it reads in between."""

# Not made here: it takes a session of Spark; a test in tests/conformance makes an engine
# of its kind.
