"""A scale is given to the prior of a method that has none."""

rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect --se se --tau-scale 0.5")
# Instead:
rows = "study,effect,se\nNorth,-0.40,0.15\nSouth,-0.10,0.20\nWest,-0.30,0.25\n"
(folder / "trials.csv").write_text(rows)
command(
    "rounds evidence pool trials.csv --effect effect --se se --method bayes"
    " --tau-scale 0.5"
)
