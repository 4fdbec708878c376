"""Units against a target or each other: limits, over-dispersion, outliers."""
