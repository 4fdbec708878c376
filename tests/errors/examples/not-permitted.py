"""The datamart's folder may not be written to."""

# Not made here: an administrator may write everywhere, so it takes another account.
