"""A ratio is asked of a method that gives differences."""

rows = "clinic,arm,done\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic --method mixed --scale odds-ratio"
)
# Instead:
rows = "clinic,arm,done\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design cluster --cluster clinic --method gee --scale odds-ratio"
)
