"""A demo in steps is asked for with an allocation for arms in parallel."""

command("rounds demo --design stepped-wedge --allocation matched-pairs")
