# ruff: noqa: INP001 - beside a script, not in a package
"""The page of the engines: which are run, which are only written for, and why."""

from rounds.datamart.engines import SUPPORT

_INTRODUCTION = """# Engines

A measure is written once and runs on each of these, with the same answers.
The judge is the reference engine, plain Python over rows: every engine that is run is
compared with it, row by row, on the measures' own tests and on random definitions and
data (`make test-engines`); [where definitions agree](agreement.md) has the numbers.

| `engine`, `--dialect` | database | | |
|---|---|---|---|
"""
_END = """
`run`: `rounds.toml` names it, and the same commands answer; nothing is written there.
`notyet`: `rounds measure show NAME --sql --dialect X` writes the SQL, which is parsed
again in that dialect; it is not run.

How to: [read a CDM where it is](../how-to/read-a-cdm-where-it-is.md).
"""


def engines() -> str:
    """Give docs/reference/engines.md."""
    rows = [
        f"| `{one.name}` | {one.title} | {one.runs} | {one.told} |" for one in SUPPORT
    ]
    return _INTRODUCTION + "\n".join(rows) + "\n" + _END
