"""Feasibility is asked of a trial that cannot be: no weeks, no effect, a power of 1."""

command("rounds evaluation feasibility --weeks 0")
