"""How fast is a logistic mixed model with 100,000 persons in 200 units, and is it right?

Prints the seconds of a fit, and how far its effect lies from a reference: lme4's glmer
where Rscript is on the path (or ROUNDS_RSCRIPT names it), at most 1/20 of whose time is
allowed, and 0.002 of whose effect. Without it, only the truth that was put in, and it
says that glmer was not there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.special import expit

from rounds.methods.nested_intercepts import nested_intercepts

PERSONS, UNITS, TRUTH, SD = 100_000, 200, 0.4, 0.5
MOST_OF_GLMER, MOST_APART = 1 / 20, 0.002
GLMER = """
suppressMessages(library(lme4)); d <- read.csv("{path}")
t <- system.time(m <- glmer(y ~ x + age + (1 | unit), family = binomial, data = d))
cat(t[["elapsed"]], fixef(m)[["x"]], sqrt(unlist(VarCorr(m))), "\\n", sep = " ")
"""


def persons():
    rng = np.random.default_rng(1)
    unit = rng.integers(0, UNITS, PERSONS)
    x, age = rng.integers(0, 2, PERSONS), rng.standard_normal(PERSONS)
    effects = SD * rng.standard_normal(UNITS)
    y = rng.binomial(1, expit(-1 + TRUTH * x + 0.3 * age + effects[unit]))
    return y, unit, np.column_stack([x, age])


def fitted(y, unit, columns):
    times = []
    for _ in range(2):
        started = time.perf_counter()
        fit = nested_intercepts(y, np.ones(PERSONS), [("unit", unit)], columns)
        times.append(time.perf_counter() - started)
    return min(times), fit


def glmer(y, unit, columns):
    """Give glmer's seconds, effect and sd; None where there is no R with lme4."""
    program = os.environ.get("ROUNDS_RSCRIPT") or shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        path, script = Path(name) / "d.csv", Path(name) / "fit.R"
        table = np.column_stack([y, unit, columns])
        np.savetxt(
            path, table, fmt="%.17g", delimiter=",", header="y,unit,x,age", comments=""
        )
        script.write_text(GLMER.format(path=path))
        done = subprocess.run(
            [*program.split(), str(script)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return None
    return tuple(float(word) for word in done.stdout.split()[-3:])


def main():
    y, unit, columns = persons()
    seconds, fit = fitted(y, unit, columns)
    effect, sd = fit.coefficients[1], fit.levels[0].sd
    print(
        f"mixed model: {PERSONS:,} persons, {UNITS} units, {seconds:.2f} s; effect "
        f"{effect:.5f} (made {TRUTH}, standard error {fit.se[1]:.5f}), sd {sd:.5f}"
    )
    reference = glmer(y, unit, columns)
    if reference is None:
        print("mixed model: glmer not compared, since there is no R with lme4 here")
        return 0 if abs(effect - TRUTH) < 4 * fit.se[1] else 1
    theirs, value, spread = reference
    print(
        f"mixed model: glmer {theirs:.2f} s, effect {value:.5f}, sd {spread:.5f}: ours "
        f"in {seconds / theirs:.3f} of its time (at most {MOST_OF_GLMER:.2f}), "
        f"{abs(effect - value):.6f} apart (at most {MOST_APART})"
    )
    apart = abs(effect - value) > MOST_APART or abs(sd - spread) > MOST_APART
    return 1 if apart or seconds > MOST_OF_GLMER * theirs else 0


if __name__ == "__main__":
    sys.exit(main())
