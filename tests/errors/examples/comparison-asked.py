"""The target of a comparison is none that its values could have."""

rows = "clinic,controlled,patients\nNorth,30,60\nSouth,28,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator controlled --denominator patients"
    " --unit clinic --target 60"
)
# Instead:
rows = "clinic,controlled,patients\nNorth,30,60\nSouth,28,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator controlled --denominator patients"
    " --unit clinic --target 0.6"
)
