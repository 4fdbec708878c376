"""Inequality between groups, in order or not, and where groups meet."""
