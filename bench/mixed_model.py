"""How fast are logistic mixed models with 100,000 persons, and are they right?

Three, of which the first has 200 units that each person belongs to one of, and the
others are stepped wedges of 200 clusters in 6 periods, where a cluster's level may
differ between periods: without a covariate, where persons of one cluster and period are
one row of counts to us (to glmer they are a row each), and with a person's age, where
everybody is a row of their own.

Prints the seconds of each fit, and how far its effect lies from a reference: lme4's
glmer where Rscript is on the path (or ROUNDS_RSCRIPT names it), at most 1/20 of whose
time is allowed, and 0.002 of whose effect. Without it, only the truth that was put in,
and it says that glmer was not there. Words after the command choose models by name.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.special import expit
from timing import fastest

from rounds.methods.multilevel.nested_intercepts import nested_intercepts

PERSONS, UNITS, PERIODS, TRUTH, SD = 100_000, 200, 6, 0.4, 0.5
SD_PERIODS = 0.2
MOST_OF_GLMER, MOST_APART = 1 / 20, 0.002
GLMER = """
suppressMessages(library(lme4)); d <- read.csv("{path}")
t <- system.time(m <- glmer({formula}, family = binomial, data = d))
sds <- sapply(VarCorr(m), function(v) sqrt(v[1, 1]))[c({order})]
cat(t[["elapsed"]], fixef(m)[["x"]], sds, "\\n", sep = " ")
"""


def one_level():
    rng = np.random.default_rng(1)
    unit = rng.integers(0, UNITS, PERSONS)
    x, age = rng.integers(0, 2, PERSONS), rng.standard_normal(PERSONS)
    effects = SD * rng.standard_normal(UNITS)
    y = rng.binomial(1, expit(-1 + TRUTH * x + 0.3 * age + effects[unit]))
    table = {"y": y, "unit": unit, "x": x, "age": age}
    return table, "y ~ x + age + (1 | unit)", ["x", "age"], ["unit"]


def stepped_wedge(*, with_age):
    """A fifth of the clusters changes over before each period but the first."""
    rng = np.random.default_rng(2)
    unit = rng.permutation(np.arange(PERSONS) % UNITS)
    period = rng.integers(0, PERIODS, PERSONS)
    cell = unit * PERIODS + period
    x, age = (period > unit % (PERIODS - 1)).astype(int), rng.standard_normal(PERSONS)
    effects = SD * rng.standard_normal(UNITS)[unit]
    effects += SD_PERIODS * rng.standard_normal(UNITS * PERIODS)[cell]
    eta = -1 + TRUTH * x + 0.05 * period + effects + (0.3 * age if with_age else 0.0)
    table = {"y": rng.binomial(1, expit(eta)), "unit": unit, "cell": cell, "x": x}
    names = [f"t{k}" for k in range(1, PERIODS)]
    table |= {name: (period == k) * 1 for k, name in enumerate(names, 1)}
    if with_age:
        table["age"] = age
        names.append("age")
    columns = ["x", *names]
    formula = f"y ~ {' + '.join(columns)} + (1 | unit) + (1 | cell)"
    return table, formula, columns, ["unit", "cell"]


MODELS = {
    "one level": one_level,
    "stepped wedge": lambda: stepped_wedge(with_age=False),
    "stepped wedge with age": lambda: stepped_wedge(with_age=True),
}


def fitted(table, columns, levels):
    """Give the seconds of a fit, the counting together of like persons included."""

    def work():
        covariates = np.column_stack([table[name] for name in columns])
        labels = [(name, table[name]) for name in levels]
        return nested_intercepts(
            table["y"], np.ones(PERSONS, dtype=int), labels, covariates
        )

    return fastest(work, turns=2), work()


def glmer(table, formula, levels):
    """Give glmer's seconds, effect and sds; None where there is no R with lme4."""
    program = os.environ.get("ROUNDS_RSCRIPT") or shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        path, script = Path(name) / "d.csv", Path(name) / "fit.R"
        rows = np.column_stack(list(table.values()))
        head = ",".join(table)
        np.savetxt(path, rows, fmt="%.17g", delimiter=",", header=head, comments="")
        order = ", ".join(f'"{level}"' for level in levels)
        text = GLMER.format(path=path, formula=formula, order=order)
        script.write_text(text)
        done = subprocess.run(
            [*program.split(), str(script)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(done.stderr)
        return None
    seconds, effect, *sds = done.stdout.split()[-2 - len(levels) :]
    return float(seconds), float(effect), [float(sd) for sd in sds]


def compared(name):
    table, formula, columns, levels = MODELS[name]()
    seconds, fit = fitted(table, columns, levels)
    effect, sds = fit.coefficients[1], [level.sd for level in fit.levels]
    print(
        f"{name}: {PERSONS:,} persons, {UNITS} units, {seconds:.2f} s; effect "
        f"{effect:.5f} (made {TRUTH}, standard error {fit.se[1]:.5f}), sds "
        + " ".join(f"{sd:.5f}" for sd in sds),
        flush=True,
    )
    reference = glmer(table, formula, levels)
    if reference is None:
        print(f"{name}: glmer not compared, since there is no R with lme4 here")
        return abs(effect - TRUTH) < 4 * fit.se[1]
    theirs, value, spread = reference
    apart = [abs(effect - value), *np.abs(np.subtract(sds, spread))]
    print(
        f"{name}: glmer {theirs:.2f} s, effect {value:.5f}, sds "
        f"{' '.join(f'{sd:.5f}' for sd in spread)}: ours in {seconds / theirs:.4f} of "
        f"its time (at most {MOST_OF_GLMER:.2f}), {max(apart):.6f} apart (at most "
        f"{MOST_APART})",
        flush=True,
    )
    return max(apart) <= MOST_APART and seconds <= MOST_OF_GLMER * theirs


def main():
    chosen = sys.argv[1:] or list(MODELS)
    kept = [compared(name) for name in chosen]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
