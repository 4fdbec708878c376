"""A CDS Hooks request lacks prefetched data and gives no FHIR access: HTTP 412."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
