"""Two rows of a source with a name of its own have come to share a key by chance."""

# Not made here: among a hundred million rows it happens once in ten thousand loads.
