"""Measures run: who is counted, how many, and the results of it."""
