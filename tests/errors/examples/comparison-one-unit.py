"""A table names fewer than two units with anyone to count: nothing can be compared."""

rows = "clinic,controlled,patients\nNorth,30,60\nNorth,28,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator controlled --denominator patients"
    " --unit clinic"
)
# Instead:
rows = "clinic,controlled,patients\nNorth,30,60\nSouth,28,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator controlled --denominator patients"
    " --unit clinic"
)
