"""The simulated record found no CDS Hooks server at the address."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
