"""The driver for PostgreSQL is an extra that has not been installed."""

# Not made here: the driver is installed where this is run.
