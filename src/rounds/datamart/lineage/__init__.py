"""From a count to its persons, and from a row to the line it came from."""
