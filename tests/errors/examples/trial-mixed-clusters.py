"""Clusters that were randomised hold persons of both arms."""

rows = "clinic,arm,done\n" + "".join(
    f"c{n // 5},{n % 2},{int(n * 7 % 5 < 2)}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic"
)
# Instead:
rows = "clinic,arm,done\n" + "".join(
    f"c{n // 5},{n % 2},{int(n * 7 % 5 < 2)}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm --design individual"
)
