"""Three arms are called two factors: nobody had both."""

rows = "card,letter,done\n" + "".join(
    f"{n % 3 % 2},{n % 3 // 2},{int(n * 7 % 5 < 2)}\n" for n in range(60)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --design factorial"
    " --arm card --second-arm letter"
)
# Instead:
rows = "card,letter,done\n" + "".join(
    f"{n % 2},{n // 2 % 2},{int(n * 7 % 5 < 2)}\n" for n in range(60)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --design factorial"
    " --arm card --second-arm letter"
)
