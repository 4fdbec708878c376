"""A cluster is in two strata."""

rows = "clinic,arm,done,town\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)},{n % 2}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic --stratum town"
)
# Instead:
rows = "clinic,arm,done,town\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)},{n // 10}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic --stratum town"
)
