"""`rounds evaluation analyse --design factorial`: two factors crossed in one trial."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rounds.cli.output import show, table

if TYPE_CHECKING:
    from rounds.loop.evaluation.spreadsheet.factorial import (
        FactorialFound,
        FactorialTrial,
    )

__all__ = ["analyse_factors"]

_FITTING = ("outcome", "arm", "second_arm", "cluster", "stratum")


def analyse_factors(
    file: Path,
    named: dict[str, str | None],
    covariates: list[str],
    asking: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Read a factorial trial, analyse it and show what it says.

    Parameters
    ----------
    named : dict of role to column
        As `analyse_` has them, with `second_arm`.
    asking : dict
        What was asked beside the columns, by the option's name.

    Raises
    ------
    DefinitionError
        If something is asked that is not of such trials.
    """
    from rounds.loop.evaluation.arms.interaction import InteractionRule
    from rounds.loop.evaluation.spreadsheet.factorial import analyse_factorial
    from rounds.loop.evaluation.spreadsheet.factorial_words import factorial_numbers

    _insist(named, asking)
    controls = (asking["control"], asking["second_control"])
    trial = _read(file, named, covariates, controls)
    margin, scale = asking["interaction_margin"], asking["scale"]
    is_log = margin is not None and scale != "difference"
    on_sum = math.log(margin) if is_log else margin
    found = analyse_factorial(
        trial,
        method=asking["method"],
        scale=scale,
        level=asking["level"],
        required=asking["required"],
        rule=InteractionRule(on_sum, asking["interaction_alpha"]),
        multiplicity=asking["multiplicity"],
    )
    show(factorial_numbers(found), _lines(found), as_json=as_json)


def _insist(named: dict[str, str | None], asking: dict[str, Any]) -> None:
    """Refuse what such trials do not offer: it would be left unread."""
    from rounds.loop.evaluation.spreadsheet.asking import asked

    if not named["second_arm"]:
        raise asked("A factorial trial has two factors.", "Name --second-arm COL.")
    unread = [role for role, one in named.items() if one and role not in _FITTING]
    usual: dict[str, Any] = {
        "summary": None,
        "horizon": None,
        "target": "persons",
        "missing": "complete",
        "hypothesis": None,
        "margin": None,
        "better": None,
    }
    unread += [name for name, one in usual.items() if asking[name] != one]
    if unread or "," in (named["outcome"] or ""):
        what = f"--{unread[0]}" if unread else "several outcomes"
        raise asked(
            f"A factorial trial is not analysed with {what} here.",
            "Leave it out; or compare two of its cells as --design individual.",
        )
    if asking["multiplicity"] == "gatekeeping":
        raise asked("Two factors are one family.", "--multiplicity holm")
    margin, alpha = asking["interaction_margin"], asking["interaction_alpha"]
    least = 0.0 if asking["scale"] == "difference" else 1.0
    if margin is not None and not least < margin < math.inf:
        raise asked(
            f"--interaction-margin {margin} is not above {least:g}.",
            "A difference (0.03 is three points) above 0, or a ratio above 1.",
        )
    if not 0 < alpha < 1:
        raise asked(
            f"--interaction-alpha {alpha} is not between 0 and 1.",
            "--interaction-alpha 0.05",
        )


def _read(
    file: Path,
    named: dict[str, str | None],
    covariates: list[str],
    controls: tuple[str | None, str | None],
) -> "FactorialTrial":
    from rounds.datamart.spreadsheet import Kind, read_spreadsheet
    from rounds.loop.evaluation.spreadsheet.factorial import factorial_of

    columns = {role: column for role, column in named.items() if column}
    wanted: dict[str, Kind] = dict.fromkeys((*columns.values(), *covariates), "text")
    wanted[columns["outcome"]] = "number"
    read = read_spreadsheet(file, wanted, optional=[columns["outcome"]])
    return factorial_of(
        {role: read.columns[column] for role, column in columns.items()},
        names=(columns["arm"], columns["second_arm"]),
        controls=controls,
        covariates={name: read.columns[name] for name in covariates},
    )


def _lines(found: "FactorialFound") -> list[str]:
    from rounds.loop.evaluation.spreadsheet.factorial_words import (
        factorial_rows,
        factorial_sentences,
    )
    from rounds.loop.evaluation.spreadsheet.models import METHOD_WORDS

    cells = [
        (
            cell.name,
            f"{cell.n:,}",
            f"{cell.n_known:,}",
            "–" if cell.n_clusters is None else f"{cell.n_clusters:,}",
            "–" if cell.mean is None else f"{cell.mean:.4g}",
        )
        for cell in found.cells
    ]
    header = ("cell", "persons", "outcome known", "clusters", "mean outcome")
    checks = [
        f"  {one.name:<18}{one.verdict.replace('_', ' ')}"
        f"{' (required)' if one.required else ''}: {one.detail}"
        for one in found.diagnostics
    ]
    lines = [*table(header, cells), "", *checks, ""]
    rows = factorial_rows(found)
    if rows:
        level = f"{found.level:.0%} interval"
        lines += [*table(("what", "effect", level, "p"), rows), ""]
    lines += [*factorial_sentences(found), "", f"By {METHOD_WORDS[found.method]}."]
    return lines + [f"  * {note}" for note in found.limitations]
