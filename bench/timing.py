"""The least of several times of a piece of work: what else a machine does only adds.

Other benches take `fastest` from here; run by itself it says what measuring costs.
"""

import time


def fastest(work, turns=5, clock=time.perf_counter):
    """Give the seconds of the fastest turn, by the wall's clock or the processor's."""
    times = []
    for _ in range(turns):
        started = clock()
        work()
        times.append(clock() - started)
    return min(times)


if __name__ == "__main__":
    print(f"timing: measuring nothing takes {fastest(lambda: None, 100) * 1e9:.0f} ns")
