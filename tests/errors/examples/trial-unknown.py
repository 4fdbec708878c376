"""A cluster is not known of some rows."""

rows = "clinic,arm,done\n" + "".join(
    f"{'NA' if n < 2 else n // 5},{n // 5 % 2},{n * 7 % 5 // 3}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic"
)
# Instead:
rows = "clinic,arm,done\n" + "".join(
    f"{n // 5},{n // 5 % 2},{n * 7 % 5 // 3}\n" for n in range(2, 40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic"
)
