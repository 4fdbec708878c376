"""A measure of persons reads no value on a chosen day, so that no month can be said for a person."""

# Not made here: none of the built-in measures is of that form.
