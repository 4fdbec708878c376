"""The simulated record found no CDS Hooks server at the address."""

# Not made here: tests/errors/test_world_http.py makes it.
