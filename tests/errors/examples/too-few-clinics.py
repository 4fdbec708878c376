"""Fewer than two clinics can be randomised."""

# Not made here: it takes a loaded datamart with a single clinic.
