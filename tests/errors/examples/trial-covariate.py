"""A covariate is infinite in one row."""

rows = "clinic,arm,done,age\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)},{'inf' if n == 7 else 40 + n}\n"
    for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic --covariates age"
)
# Instead:
rows = "clinic,arm,done,age\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)},{40 + n}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic --covariates age"
)
