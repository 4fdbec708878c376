"""Nothing, or two things, are named that events are to be counted against."""

rows = "clinic,deaths,expected\nNorth,30,26.4\nSouth,28,31.0\n"
(folder / "clinics.csv").write_text(rows)
command("rounds problem funnel clinics.csv --numerator deaths --unit clinic")
# Instead:
rows = "clinic,deaths,expected\nNorth,30,26.4\nSouth,28,31.0\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator deaths --expected expected"
    " --unit clinic"
)
