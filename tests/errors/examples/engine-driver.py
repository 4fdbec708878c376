"""What speaks to an engine is an extra that has not been installed, or Java is not."""

# Not made here: the drivers are installed where this is run.
