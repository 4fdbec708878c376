"""A table holds one study alone: there is nothing to pool it with."""

(folder / "trials.csv").write_text("study,effect,se\nNorth,-0.40,0.15\n")
command("rounds evidence pool trials.csv --effect effect --se se")
# Instead:
rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect --se se")
