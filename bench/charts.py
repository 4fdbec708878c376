"""All measures × 1,000 units × 60 months, charted and screened, on one core.

For every series: which chart fits, its lines, and the signals of both rule sets; the
target is 10 s of one core's time. A peer in Python is not at hand (charts of other
packages draw, they do not screen), so the ratio is against the bare arithmetic that
any p chart needs: a division, a pooled proportion and two limits for each point.
"""

import time

import numpy as np

from rounds.definitions.catalogue import builtin_measures
from rounds.methods import spc

UNITS, MONTHS, SECONDS = 1_000, 60, 10.0


def worlds(n_measures, rng):
    """Proportions by measure, unit and month: most level, some shifted, some uneven."""
    for _ in range(n_measures):
        sizes = rng.integers(30, 400, (UNITS, MONTHS))
        rates = np.full((UNITS, MONTHS), rng.uniform(0.2, 0.8))
        rates[: UNITS // 20, MONTHS // 2 :] += 0.1
        rates[UNITS // 20 : UNITS // 5] += rng.normal(0, 0.05, MONTHS)
        yield rng.binomial(sizes, np.clip(rates, 0.01, 0.99)), sizes


def screen(events, sizes):
    """Chart one unit on the chart that fits, and ask both rule sets."""
    kind = spc.propose_counts(events, sizes).kind
    draw = spc.p_prime_chart if kind == "p_prime" else spc.p_chart
    chart = draw(events, sizes)
    return spc.anhoj(chart).is_signal, spc.nhs(chart).is_signal


def bare(events, sizes):
    """Compute what any p chart needs, for one unit."""
    centre = events.sum() / sizes.sum()
    half = 3 * np.sqrt(centre * (1 - centre) / sizes)
    value = events / sizes
    return value, centre - half, centre + half


def main():
    n_measures = len(builtin_measures())
    tables = list(worlds(n_measures, np.random.default_rng(1)))
    pairs = [pair for x, n in tables for pair in zip(x, n, strict=True)]
    start = time.process_time()
    for events, sizes in pairs:
        bare(events, sizes)
    least = time.process_time() - start
    start = time.process_time()
    found = np.array([screen(events, sizes) for events, sizes in pairs])
    took = time.process_time() - start
    anhoj, nhs = found.mean(axis=0)
    print(
        f"{n_measures} measures × {UNITS} units × {MONTHS} months: {len(pairs)} charts"
    )
    print(f"signals: Anhøj {anhoj:.1%}, Making Data Count {nhs:.1%}")
    print(
        f"{took:.1f} s, {took / len(pairs) * 1e6:.0f} µs a chart, {took / least:.1f} × bare"
    )
    assert took <= SECONDS, f"{took:.1f} s are more than {SECONDS} s"


if __name__ == "__main__":
    main()
