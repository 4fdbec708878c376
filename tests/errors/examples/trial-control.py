"""Which of two arms is compared with cannot be told."""

rows = "arm,done\n" + "".join(f"{'ab'[n % 2]},{int(n % 5 < 2)}\n" for n in range(40))
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm --design individual"
)
# Instead:
rows = "arm,done\n" + "".join(f"{'ab'[n % 2]},{int(n % 5 < 2)}\n" for n in range(40))
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design individual --control a"
)
