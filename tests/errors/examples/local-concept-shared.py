"""Two codes that no vocabulary knows would have one concept id: their systems hold a bar."""

# Not made here: it takes two code systems whose names hold a bar; tests/spec make it.
