"""What was known before: priors, posteriors, a new estimate beside them."""
