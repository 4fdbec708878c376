"""Random intercepts: shares of the variance, and units drawn together."""
