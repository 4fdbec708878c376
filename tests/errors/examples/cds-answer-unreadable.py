"""The CDS Hooks server's answer is not one."""

# Not made here: tests/errors/test_world_http.py makes it.
