"""A row of a table of units cannot be so: more events than persons, say."""

rows = "clinic,controlled,patients\nNorth,30,60\nSouth,56,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator controlled --denominator patients"
    " --unit clinic"
)
# Instead:
rows = "clinic,controlled,patients\nNorth,30,60\nSouth,26,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator controlled --denominator patients"
    " --unit clinic"
)
