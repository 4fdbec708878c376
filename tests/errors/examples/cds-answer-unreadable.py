"""The CDS Hooks server's answer is not one."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
