"""The studies give no number for what is asked."""

rows = "study,effect,se\nNorth,-0.20,0.15\nSouth,-0.20,0.20\nWest,-0.20,0.25\n"
(folder / "trials.csv").write_text(rows)
command("rounds evidence pool trials.csv --effect effect --se se --interval hksj")
# Instead:
rows = "study,effect,se\nNorth,-0.20,0.15\nSouth,-0.20,0.20\nWest,-0.20,0.25\n"
(folder / "trials.csv").write_text(rows)
command(
    "rounds evidence pool trials.csv --effect effect --se se --interval modified_hksj"
)
