"""The page for patients would read harder than grade 8, and is not made."""

# Not made here: it takes a whole story whose words are harder than the templates'.
