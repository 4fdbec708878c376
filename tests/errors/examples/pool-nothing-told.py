"""In all tables but one nobody, or everybody, had the event: no ratio can be pooled."""

rows = "study,e1,n1,e2,n2\nNorth,0,60,0,58\nSouth,3,55,5,54\n"
(folder / "trials.csv").write_text(rows)
command(
    "rounds evidence pool trials.csv --events1 e1 --n1 n1 --events2 e2 --n2 n2"
    " --measure or"
)
# Instead:
rows = "study,e1,n1,e2,n2\nNorth,0,60,0,58\nSouth,3,55,5,54\n"
(folder / "trials.csv").write_text(rows)
command(
    "rounds evidence pool trials.csv --events1 e1 --n1 n1 --events2 e2 --n2 n2"
    " --measure rd"
)
