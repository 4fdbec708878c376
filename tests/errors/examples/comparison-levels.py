"""The levels of a funnel's limits are not one or two percentages."""

rows = "clinic,deaths,expected\nNorth,30,26.4\nSouth,28,31.0\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator deaths --expected expected"
    " --unit clinic --limits three-sigma"
)
# Instead:
rows = "clinic,deaths,expected\nNorth,30,26.4\nSouth,28,31.0\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator deaths --expected expected"
    " --unit clinic --limits 99.8"
)
