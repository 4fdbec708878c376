"""The CDS Hooks server refused a call of the simulated record."""

# Not made here: tests/errors/test_world_http.py makes it.
