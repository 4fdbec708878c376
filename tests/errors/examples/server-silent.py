"""A server that was started as a child process did not answer in time."""

# Not made here: it takes a server that starts and then does not answer.
