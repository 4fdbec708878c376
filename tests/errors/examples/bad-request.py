"""A CDS Hooks request lacks what the standard asks for; the message names the field, never its value."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
