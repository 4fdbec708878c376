"""The report is asked for before one has been made."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it, by a request to the pages.
