"""A measure as SQL: subjects, events, criteria, numbers, over its periods."""
