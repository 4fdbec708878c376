"""Parse the command line, call one command, translate errors to exit codes."""

import json
import os
import sys
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from rounds import __version__

__all__ = ["app", "main", "run"]

app = App(
    name="rounds",
    help="A learning health system: problem, evidence, change, evaluation, decision.",
    version=__version__,
    help_format="markdown",
)

_TOP = {
    "demo": ("demo:demo", "Turn the loop once on a made health system."),
    "init": ("data:init", "Make a project from FHIR R4 or OMOP CDM."),
    "loop": ("ledger:loop", "Draw the ring with what stands where."),
    "why": ("ledger:why", "Walk back from a decision to its sources."),
    "impact": ("ledger:impact", "Walk forward from a paper to what rests on it."),
    "serve": ("serve:serve", "Serve the pages and the CDS Hooks service."),
    "simulate": ("simulate:simulate", "Grade many loops against the truth."),
}
_GROUPS = {
    "data": (
        "The datamart: practice to data.",
        "data",
        ("load", "fetch", "status", "history", "rollback", "view", "where", "export"),
    ),
    "vocabulary": (
        "What codes mean.",
        "vocabulary",
        ("load", "status", "unmapped"),
    ),
    "measure": (
        "How well care is given.",
        "measure",
        ("list", "define", "check", "explain", "example", "show", "run"),
    ),
    "cohort": (
        "Who, from when until when: OHDSI Circe cohorts.",
        "cohort",
        ("run", "show", "explain"),
    ),
    "problem": (
        "Where does practice fall short?",
        "problem",
        (
            "list",
            "open",
            "run",
            "explain",
            "equity",
            "watch",
            "answer",
            "chart",
            "funnel",
        ),
    ),
    "evidence": ("What is known already?", "evidence", ("run", "pool")),
    "change": (
        "Say it where care is given, to a random part first.",
        "change",
        ("run", "log", "status", "adopt", "rollback", "kill", "resume", "opt-out"),
    ),
    "evaluation": (
        "Did it work, for whom, was anyone harmed?",
        "evaluation",
        (
            "run",
            "monitor",
            "stop",
            "analyse",
            "value",
            "maintenance",
            "feasibility",
            "power",
            "bounds",
            "adaptive",
            "checklist",
        ),
    ),
    "decision": (
        "Adopt, adapt, abandon or extend.",
        "decision",
        ("run", "list", "brief"),
    ),
    "ledger": ("What has been said and decided.", "ledger", ("verify", "export")),
}
# A command whose file is not its group's.
_ELSEWHERE = {
    ("data", "export"): "data_export",
    ("data", "fetch"): "data_fetch",
    ("data", "view"): "data_view",
    ("data", "where"): "data_where",
    ("decision", "brief"): "decision_brief",
    ("decision", "list"): "decision_list",
    ("evidence", "pool"): "evidence_pool",
    ("problem", "list"): "problem_list",
    ("problem", "open"): "problem_list",
    ("evaluation", "adaptive"): "evaluation_adaptive",
    ("evaluation", "bounds"): "evaluation_bounds",
    ("evaluation", "monitor"): "evaluation_monitor",
    ("evaluation", "stop"): "evaluation_monitor",
    ("measure", "check"): "measure_define",
    ("measure", "define"): "measure_define",
    ("measure", "example"): "measure_example",
    ("measure", "run"): "measure_run",
    ("measure", "show"): "measure_show",
    ("change", "log"): "change_log",
    ("evaluation", "value"): "evaluation_value",
    ("evaluation", "maintenance"): "evaluation_maintenance",
    ("evaluation", "analyse"): "evaluation_analyse",
    ("evaluation", "checklist"): "evaluation_checklist",
    ("evaluation", "feasibility"): "evaluation_feasibility",
    ("evaluation", "power"): "evaluation_power",
    ("problem", "funnel"): "problem_funnel",
    ("problem", "chart"): "problem_chart",
    ("problem", "answer"): "problem_watch",
    ("problem", "equity"): "problem_equity",
    ("problem", "explain"): "problem_explain",
    ("problem", "watch"): "problem_watch",
}

for _name, (_target, _help) in _TOP.items():
    app.command(f"rounds.cli.{_target}", name=_name, help=_help)
for _name, (_help, _module, _verbs) in _GROUPS.items():
    _group = App(name=_name, help=_help)
    for _verb in _verbs:
        _function = f"{_verb.replace('-', '_')}_"
        _file = _ELSEWHERE.get((_name, _verb), _module)
        _group.command(f"rounds.cli.{_file}:{_function}", name=_verb)
    app.command(_group)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        The exit code.
    """
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = app(tokens, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last net: no value may be shown
        return _say_last(error, as_json="--json" in tokens)
    return result if isinstance(result, int) else 0


def _say_last(error: Exception, *, as_json: bool) -> int:
    """Say it even where nobody listens: Python would print the whole chain itself."""
    try:
        code = _say(error, as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = error.exit_code if hasattr(error, "exit_code") else 1
    return code


def _say(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong and give its exit code."""
    # Imported here: if it is one of ours, its module has been imported already.
    from pydantic import ValidationError

    from rounds.nouns.errors import DefinitionError, RoundsError

    if isinstance(error, ValidationError):
        listed = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or error.title}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
        )
        error = DefinitionError(
            f"This {error.title} is not valid: {listed}.",
            code="invalid-noun",
            remedies=(f"GLOSSARY.md says what a {error.title} holds.",),
        )
    if not isinstance(error, RoundsError):
        _say_fault(error)
        if as_json:
            fault = RoundsError(
                "A fault in Rounds; its message is withheld.", code="unexpected"
            )
            print(json.dumps(fault.as_dict(), ensure_ascii=False))
        return 1
    if as_json:
        print(json.dumps(error.as_dict(), ensure_ascii=False))
    else:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    return error.exit_code


def _say_fault(error: Exception) -> None:
    """Say where a fault of ours lies, without its message, which could hold a value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    print(
        f"A fault in Rounds: {type(error).__name__} at {last.filename}:{last.lineno}.\n"
        "Its message is withheld, since it could hold a person's value.\n\n"
        "Please report the two lines above; ROUNDS_DEBUG=1 shows the whole trace.",
        file=sys.stderr,
    )
    if os.environ.get("ROUNDS_DEBUG") == "1":
        traceback.print_exception(error)


def run() -> None:
    """Run one command and exit: the console script."""
    sys.exit(main())


if __name__ == "__main__":
    run()
