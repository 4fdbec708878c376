"""The CDS Hooks server refused a call of the simulated record."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
