"""A resource holds elements within elements, deeper than a repeat goes."""

# Not made here: it takes a resource that is hundreds of levels deep; a test in
# tests/unit makes it.
