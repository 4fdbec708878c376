"""Tables of areas: read and judged, traced back, and how far they reach."""
