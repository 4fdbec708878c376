"""Visits are said to have been randomised, and each patient's have one arm alone."""

rows = "patient,arm,done\n" + "".join(
    f"p{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)}\n" for n in range(60)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design encounter --cluster patient"
)
# Instead:
rows = "patient,arm,done\n" + "".join(
    f"p{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)}\n" for n in range(60)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster patient"
)
