"""A demo whose arms change over time is too short for its steps."""

command("rounds demo --design stepped-wedge --weeks 26")
