"""Trials in clusters: models, variances for few clusters, permutation."""
