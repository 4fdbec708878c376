"""No cluster of a stepped wedge ever switches."""

rows = "clinic,month,arm,done\n" + "".join(
    f"c{c},{t},{c % 2},{(c * 5 + t * 3 + n) % 7 % 2}\n"
    for c in range(6)
    for t in range(4)
    for n in range(4)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design stepped-wedge --cluster clinic --period month"
)
# Instead:
rows = "clinic,month,arm,done\n" + "".join(
    f"c{c},{t},{int(t > c // 2)},{(c * 5 + t * 3 + n) % 7 % 2}\n"
    for c in range(6)
    for t in range(4)
    for n in range(4)
)
(folder / "trial.csv").write_text(rows)
command(
    "rounds evaluation analyse trial.csv --outcome done --arm arm"
    " --design stepped-wedge --cluster clinic --period month"
)
