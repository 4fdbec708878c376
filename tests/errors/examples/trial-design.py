"""The design of a trial has another name."""

rows = "arm,done\n" + "".join(f"{n % 2},{int(n % 5 < 2)}\n" for n in range(40))
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm --design randomised"
)
# Instead:
rows = "arm,done\n" + "".join(f"{n % 2},{int(n % 5 < 2)}\n" for n in range(40))
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm --design individual"
)
