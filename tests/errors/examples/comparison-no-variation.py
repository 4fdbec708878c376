"""No unit, or every person of every unit, had the event: there is no centre."""

rows = "clinic,deaths,patients\nNorth,0,60\nSouth,0,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator deaths --denominator patients"
    " --unit clinic"
)
# Instead:
rows = "clinic,deaths,patients\nNorth,0,60\nSouth,0,55\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator deaths --denominator patients"
    " --unit clinic --target 0.02"
)
