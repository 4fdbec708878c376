"""A pair has lost one of its clusters."""

rows = "clinic,arm,done,pair\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)},{n // 15}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design matched-pairs --cluster clinic --stratum pair"
)
# Instead:
rows = "clinic,arm,done,pair\n" + "".join(
    f"c{n // 5},{n // 5 % 2},{int(n * 7 % 5 < 2)},{n // 10}\n" for n in range(40)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design matched-pairs --cluster clinic --stratum pair"
)
