"""An estimate of one's own is given without its standard error, or the reverse."""

rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect --se se --ours 0.1")
# Instead:
rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command(
    "rounds evidence pool trials.csv --effect effect --se se --ours 0.1 --ours-se 0.1"
)
