"""The picture or the table of a comparison cannot be written where it was asked for."""

rows = "clinic,deaths,expected\nNorth,30,26.4\nSouth,28,31.0\n"
(folder / "clinics.csv").write_text(rows)
command(
    "rounds problem funnel clinics.csv --numerator deaths --expected expected"
    " --unit clinic --svg pictures/funnel.svg"
)
# Instead:
rows = "clinic,deaths,expected\nNorth,30,26.4\nSouth,28,31.0\n"
(folder / "clinics.csv").write_text(rows)
(folder / "pictures").mkdir()
command(
    "rounds problem funnel clinics.csv --numerator deaths --expected expected"
    " --unit clinic --svg pictures/funnel.svg"
)
