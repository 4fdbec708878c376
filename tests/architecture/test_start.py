"""What every command waits for before it can do anything."""

import subprocess
import sys

SLOW = ("scipy.stats", "matplotlib", "pandas", "sklearn", "IPython")
"""Each takes longer to import than a command may take to answer `--help`."""


def test_a_command_imports_nothing_slow_that_it_may_not_need():
    """Methods say `scipy.stats.t.sf(…)`, which imports it where it is first used."""
    script = (
        "import sys, rounds.cli.main, rounds.conduct; "
        f"print(*(one for one in {SLOW} if one in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []


def test_a_command_starts_where_pyyaml_has_no_libyaml():
    """Its C loader is then absent; shipped definitions are read by Python's."""
    script = (
        "import sys; sys.modules['yaml._yaml'] = None; "
        "from rounds.definitions import builtin_measures; "
        "print('blood-pressure-control' in builtin_measures())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["True"]
