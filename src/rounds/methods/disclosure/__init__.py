"""Small counts: which cells to hide, what a further sum would tell."""
