"""Net benefit is asked for at an outcome that is worth nothing."""

from rounds.cli.evaluation_value import value_

file = folder / "trial.csv"
rows = ["arm,clinic,controlled,cost"]
rows += [
    f"{c % 2},{c},{(c + k) % 3 // 2},{100 + 7 * ((c + k) % 5)}"
    for c in range(8)
    for k in range(9)
]
file.write_text("\n".join(rows))
value_(
    file,
    design="cluster",
    arm="arm",
    cluster="clinic",
    effect="controlled",
    cost="cost",
    worth=0,
    currency="USD",
    perspective="the health system",
)

# Instead:
from rounds.cli.evaluation_value import value_

file = folder / "trial.csv"
rows = ["arm,clinic,controlled,cost"]
rows += [
    f"{c % 2},{c},{(c + k) % 3 // 2},{100 + 7 * ((c + k) % 5)}"
    for c in range(8)
    for k in range(9)
]
file.write_text("\n".join(rows))
value_(
    file,
    design="cluster",
    arm="arm",
    cluster="clinic",
    effect="controlled",
    cost="cost",
    worth=400,
    currency="USD",
    perspective="the health system",
)
