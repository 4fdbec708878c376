"""Plain CSV files in, by a small file that says what their columns mean."""
