"""The datamart's file was damaged or exchanged while it was read."""

# Not made here: it takes a file that is damaged between two queries.
