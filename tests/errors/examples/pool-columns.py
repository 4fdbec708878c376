"""Neither effects with their standard errors nor four counts are named, or both."""

rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect")
# Instead:
rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect --se se")
