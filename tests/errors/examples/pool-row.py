"""A study cannot be so: a standard error of zero, or more events than persons."""

rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect --se se")
# Instead:
rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect --se se")
