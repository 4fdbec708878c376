"""A time until an event is negative."""

rows = "arm,days,died\n" + "".join(
    f"{n % 2},{n * 7 % 31 - (n == 9)},{int(n % 3 > 0)}\n" for n in range(40)
)
rows = rows.replace("\n1,0,", "\n1,-1,")
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --arm arm --design individual"
    " --time days --event died"
)
# Instead:
rows = "arm,days,died\n" + "".join(
    f"{n % 2},{n * 7 % 31},{int(n % 3 > 0)}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --arm arm --design individual"
    " --time days --event died"
)
