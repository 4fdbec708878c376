"""Fewer rows reached a table than the load had mapped; the former datamart stands."""

# Not made here: a fault that we could make on purpose would have been mended.
