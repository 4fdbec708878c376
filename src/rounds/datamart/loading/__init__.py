"""A load: what is given to it, one part built, put in force, and reported."""
