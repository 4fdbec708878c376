"""The clinics have no baseline rate to be stratified by."""

# Not made here: it takes a loaded datamart whose baseline period is empty.
