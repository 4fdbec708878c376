"""A cohort is asked of an engine for which Circe's SQL is not written."""

# Not made here: no engine that is run is one; a test in tests/conformance makes an
# engine of that kind.
