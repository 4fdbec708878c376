"""Times until an event: hazard ratios, curves, and mean times."""
