"""A load: one part built, put in force, and reported, under one lock."""
