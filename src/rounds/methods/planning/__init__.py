"""What a trial could tell before it begins: variance and power."""
